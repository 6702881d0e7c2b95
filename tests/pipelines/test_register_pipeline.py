import json

import numpy as np
import pytest

from onion_pipeline.errors import ParityError
from onion_pipeline.images.arrays import labelled_dtype
from onion_pipeline.images.decoding.decoder import Rendering
from onion_pipeline.images.index import index_images
from onion_pipeline.images.sources import open_source
from onion_pipeline.pipelines.register import nodes
from onion_pipeline.pipelines.register.pipeline import create_pipeline
from onion_pipeline.registry.attachments import MODEL_CARD, PROMOTION, SEEN_IMAGES, pack_images
from onion_pipeline.registry.champion_rules import Decision
from onion_pipeline.registry.versions import ModelVersion
from onion_pipeline.serving.config import ServingConfig
from onion_pipeline.training.lineage import PARTS, make_tags, write_files

POINT = {"confidence_threshold": 0.5, "set_threshold": 0.1}
CONFIG = ServingConfig(["blue", "red"], (12, 16, 3), Rendering("crop"), POINT)
LINEAGE = {"hash": "f1", **{part: {"hash": "a1"} for part in PARTS}}
PASSED = {"passed": True, "package": "9c", "stages": []}
FAILED = {
    "stage": "package",
    "largest_difference": 0.5,
    "tolerance": 1e-5,
    "passed": False,
    "picture": "red/3.jpg",
    "expected": "red (0.9)",
    "found": "blue (0.6)",
}
DECISION = Decision("challenger", "worse", "worse than version 2", "auto", "2", {"class": "red"})


CARD = ("write_model_card", "draw_model_card")  # tested in test_model_card_nodes.py
UNWRITTEN = create_pipeline() - create_pipeline().only_nodes(*CARD)


class Network:
    """Stands in for a Keras model, of which this pipeline reads the shape and the costs."""

    input_shape = (None, 12, 16, 3)


@pytest.fixture
def asked(monkeypatch):
    """What was given to the gate and to the registry, which are tested in tests/registry."""
    given = []

    def choose_champion(*arguments):
        given.append(arguments)
        return DECISION

    def register_model(*arguments):
        given.append(arguments)
        uri = "models:/onions/3"
        return ModelVersion("onions", "3", *["challenger"] * 2, "worse", uri, "abc", "5a", "kedro")

    monkeypatch.setattr(nodes.champion_gate, "choose_champion", choose_champion)
    monkeypatch.setattr(nodes.versions, "register_model", register_model)
    monkeypatch.setattr(nodes, "count_multiply_adds", lambda model: 1234)
    return given


@pytest.fixture
def compared(monkeypatch):
    """What was compared before, and what came of it."""
    given, report = [], dict(PASSED)

    def measure_parity(*arguments):
        given.append(arguments)
        return report

    monkeypatch.setattr(nodes.parity, "measure_parity", measure_parity)
    return given, report


@pytest.fixture
def values(photo_folder, base_parameters):
    """What the pipeline reads, of twenty pictures of which four are for the test."""
    index = index_images(open_source(photo_folder))
    few, many = [6, 2, 2], [8, 0, 2]  # of the blue pictures, and of the red ones
    splits = index.assign(
        label=index["path"].str.partition("/")[0],
        split=np.repeat(["train", "validation", "test"] * 2, few + many),
    )
    tested = splits.loc[splits["split"] == "test", ["path", "label"]]
    images = np.zeros(4, labelled_dtype((12, 16, 3)))
    images["index"] = tested.index
    return {
        "calibrated_model": Network(),
        "class_names": CONFIG.class_names,
        "operating_point": POINT,
        "params:seed": 1,
        "raw_images": open_source(photo_folder),
        "image_splits": splits,
        "test_images": images,
        "test_predictions": tested.assign(predicted="red").reset_index(drop=True),
        "metrics": {"accuracy": 0.5, "test_images": 4},
        "model_lineage": LINEAGE,
        "model_card": "# Onions",
        "image_lineage": splits[["path", "label", "split", "sha256"]],
        "rendering": CONFIG.rendering._asdict(),
        "params:ingest": base_parameters.ingest.model_copy(update={"resize": "crop"}),
        "params:register": base_parameters.register_,
    }


def test_the_gate_is_given_the_test_images_as_files_and_as_pixels(
    run_nodes, asked, compared, values
):
    made = run_nodes(UNWRITTEN, values)
    (challenger, rules), _ = asked
    (model, config, _), files, images, source, majority = challenger
    assert (model, rules) == (values["calibrated_model"], values["params:register"])
    assert majority == "red"  # 8 of 14 in training
    assert config == CONFIG
    assert (source, images.shape) == (values["raw_images"], (4, 12, 16, 3))
    assert files["path"].tolist() == ["blue/8.jpg", "blue/9.jpg", "red/8.jpg", "red/9.jpg"]
    expected = values["image_splits"]["sha256"].iloc[[8, 9, 18, 19]]
    assert files["sha256"].tolist() == expected.tolist()
    assert made["promotion"] == DECISION._asdict()


def test_the_model_is_registered_as_was_decided_and_with_its_attachments(
    run_nodes, asked, compared, values
):
    made = run_nodes(UNWRITTEN, values)
    _, ((model, config, _), name, decision, attachments) = asked
    assert (model, config, name) == (values["calibrated_model"], CONFIG, "onion_pipeline")
    assert decision == DECISION
    assert attachments.tags == {"multiply_adds": "1234", **make_tags(LINEAGE)}
    lineage = write_files(LINEAGE, values["image_lineage"])
    assert set(attachments.files) == {MODEL_CARD, PROMOTION, SEEN_IMAGES, *lineage}
    assert attachments.description == attachments.files[MODEL_CARD].decode() == "# Onions"
    assert attachments.package == "9c"
    assert json.loads(attachments.files[PROMOTION]) == made["promotion"]
    splits = values["image_splits"]
    seen = splits.loc[splits["split"] != "test", "sha256"]
    assert attachments.files[SEEN_IMAGES] == pack_images(seen)
    assert made["registration"] == {
        "model_name": "onions",
        "version": "3",
        "alias": "challenger",
        "decision": "challenger",
        "reason": "worse",
        "uri": "models:/onions/3",
        "run_id": "abc",
        "checksum": "5a",
        "command": "kedro",
        "status": "registered",
        "accuracy": 0.5,
    }


@pytest.mark.usefixtures("compared")
@pytest.mark.parametrize("is_followed", [False, True])
def test_links_are_followed_as_in_training(run_nodes, asked, values, photo_folder, is_followed):
    elsewhere = photo_folder.parent / "0.jpg"
    elsewhere.write_bytes((photo_folder / "blue" / "0.jpg").read_bytes())
    (photo_folder / "red" / "link.jpg").symlink_to(elsewhere)
    values["raw_images"] = open_source(photo_folder)
    changes = {"follow_links": is_followed}
    values["params:ingest"] = values["params:ingest"].model_copy(update=changes)
    run_nodes(UNWRITTEN, values)
    paths = asked[0][0].source.paths
    assert ("red/link.jpg" in paths) is is_followed


def test_the_network_is_compared_as_it_will_be_served(run_nodes, asked, compared, values):
    made = run_nodes(UNWRITTEN, values)
    (((model, config, _), golden, tested),) = compared[0]
    assert (model, config) == (values["calibrated_model"], CONFIG)
    assert sorted(golden.paths) == ["blue/8.jpg", "blue/9.jpg", "red/8.jpg", "red/9.jpg"]
    assert tested is not None
    assert made["parity_report"] == PASSED


def test_a_model_that_answers_otherwise_once_packaged_is_not_registered(
    run_nodes, asked, compared, values
):
    compared[1].update(passed=False, stages=[FAILED])
    with pytest.raises(ParityError, match=r"red/3.jpg gives blue \(0.6\) instead of red"):
        run_nodes(UNWRITTEN, values)
    assert len(asked) <= 1  # the gate may have been asked, the registry was not


def test_the_rendering_of_the_training_is_served(run_nodes, asked, compared, values):
    deep = CONFIG.rendering._replace(bit_depth=12, max_pixels=10**6)
    describing = create_pipeline().only_nodes("describe_serving")
    made = run_nodes(describing, {**values, "rendering": deep._asdict()})
    assert ServingConfig.from_dictionary(made["serving_config"]).rendering == deep


def test_a_configuration_from_before_there_was_a_depth_is_read():
    earlier = CONFIG.as_dictionary()
    for name in ("bit_depth", "max_pixels"):
        del earlier["rendering"][name]
    assert ServingConfig.from_dictionary(earlier) == CONFIG
