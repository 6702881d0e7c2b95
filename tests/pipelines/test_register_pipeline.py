import json

import numpy as np
import pandas as pd
import pytest

from onion_pipeline.images.decoding import Rendering
from onion_pipeline.images.sources import open_source
from onion_pipeline.pipelines.register import nodes
from onion_pipeline.pipelines.register.pipeline import create_pipeline
from onion_pipeline.registry.evidence import PROMOTION, SEEN_IMAGES, pack_images
from onion_pipeline.registry.promotion import Decision
from onion_pipeline.registry.serving_config import ServingConfig
from onion_pipeline.registry.versions import ModelVersion

CONFIG = ServingConfig(["blue", "red"], (12, 16, 3), Rendering("crop"))
DECISION = Decision("challenger", "worse", "worse than version 2", "auto", "2", {"class": "red"})


class Network:
    """Stands in for a Keras model, of which this pipeline reads the shape and the costs."""

    input_shape = (None, 12, 16, 3)


@pytest.fixture
def asked(monkeypatch):
    """What was given to the gate and to the registry, which are tested in tests/registry."""
    given = []

    def compare_champion(*arguments):
        given.append(arguments)
        return DECISION

    def register_model(*arguments):
        given.append(arguments)
        uri = "models:/onions/3"
        return ModelVersion("onions", "3", *["challenger"] * 2, "worse", uri, "abc", "5a", "kedro")

    monkeypatch.setattr(nodes.gate, "compare_champion", compare_champion)
    monkeypatch.setattr(nodes.versions, "register_model", register_model)
    monkeypatch.setattr(nodes, "count_multiply_adds", lambda model: 1234)
    return given


@pytest.fixture
def values(photo_folder, base_parameters):
    """What the pipeline reads, of twenty pictures of which four are for the test."""
    paths = [f"{name}/{number}.jpg" for name in CONFIG.class_names for number in range(10)]
    splits = pd.DataFrame(
        {
            "path": paths,
            "label": [path.partition("/")[0] for path in paths],
            "split": ["train"] * 6
            + ["validation"] * 2
            + ["test"] * 2
            + ["train"] * 8
            + ["test"] * 2,
            "sha256": [f"{number:064x}" for number in range(20)],
        }
    )
    tested = splits.loc[splits["split"] == "test", ["path", "label"]]
    return {
        "calibrated_model": Network(),
        "class_names": CONFIG.class_names,
        "raw_images": open_source(photo_folder),
        "image_splits": splits,
        "test_images": np.zeros(4, [("image", np.uint8, (12, 16, 3))]),
        "test_predictions": tested.assign(predicted="red").reset_index(drop=True),
        "metrics": {"accuracy": 0.5, "test_images": 4},
        "params:ingest": base_parameters.ingest.model_copy(update={"resize": "crop"}),
        "params:register": base_parameters.register_,
    }


def test_the_gate_is_given_the_test_images_as_files_and_as_pixels(run_nodes, asked, values):
    made = run_nodes(create_pipeline(), values)
    (challenger, rules), _ = asked
    assert (challenger.model, rules) == (values["calibrated_model"], values["params:register"])
    assert challenger.majority == "red"  # 8 of 14 in training
    files, images, config, source = challenger.held_out
    assert config == CONFIG
    assert (source, images.shape) == (values["raw_images"], (4, 12, 16, 3))
    assert files["path"].tolist() == ["blue/8.jpg", "blue/9.jpg", "red/8.jpg", "red/9.jpg"]
    assert files["sha256"].tolist() == [f"{number:064x}" for number in (8, 9, 18, 19)]
    assert made["promotion"] == DECISION._asdict()


def test_the_model_is_registered_as_was_decided_and_with_the_evidence(run_nodes, asked, values):
    made = run_nodes(create_pipeline(), values)
    _, (model, config, name, decision, evidence) = asked
    assert (model, config, name) == (values["calibrated_model"], CONFIG, "onion_pipeline")
    assert decision == DECISION
    assert evidence.tags == {"multiply_adds": "1234"}
    assert set(evidence.files) == {PROMOTION, SEEN_IMAGES}
    assert json.loads(evidence.files[PROMOTION]) == made["promotion"]
    splits = values["image_splits"]
    seen = splits.loc[splits["split"] != "test", "sha256"]
    assert evidence.files[SEEN_IMAGES] == pack_images(seen)
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


@pytest.mark.parametrize("is_followed", [False, True])
def test_links_are_followed_as_in_training(run_nodes, asked, values, photo_folder, is_followed):
    elsewhere = (photo_folder / "blue" / "0.jpg").rename(photo_folder.parent / "0.jpg")
    (photo_folder / "red" / "link.jpg").symlink_to(elsewhere)
    values["raw_images"] = open_source(photo_folder)
    changes = {"follow_links": is_followed}
    values["params:ingest"] = values["params:ingest"].model_copy(update=changes)
    run_nodes(create_pipeline(), values)
    paths = asked[0][0].held_out.source.paths
    assert ("red/link.jpg" in paths) is is_followed
