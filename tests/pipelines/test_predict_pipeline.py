import shutil

import numpy as np
import pytest
from PIL import Image

from onion_pipeline.errors import DataError, RegistryError
from onion_pipeline.images.decoding.decoder import Rendering
from onion_pipeline.images.sources import open_source
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.pipelines.predict.pipeline import create_pipeline
from onion_pipeline.registry.attachments import Attachments
from onion_pipeline.registry.champion_rules import Decision
from onion_pipeline.registry.versions import register_model
from onion_pipeline.serving.classifier import Classifier
from onion_pipeline.serving.config import ServingConfig
from onion_pipeline.tracking.outage import TRACKING_URI
from onion_pipeline.tracking.runs import RUN_ID, start_run

URI = "models:/onion_pipeline@champion"
CONFIG = ServingConfig(["onion", "Öl"], (8, 8, 3), Rendering(), {"set_threshold": 0.0})


@pytest.fixture(scope="module")
def registry(keras, empty_store, tmp_path_factory):
    """A store with a champion."""
    folder = tmp_path_factory.mktemp("registry")
    shutil.copy(empty_store, folder / "mlflow.db")
    model = build_model(read_layers(["flatten"]), CONFIG.image_shape, 2, seed=0)
    first = Decision("champion", "first", "the first")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(TRACKING_URI, f"sqlite:///{folder / 'mlflow.db'}")
        patch.setenv(RUN_ID, start_run("onions", "run", folder / "kept", {}, {}))
        register_model(Classifier(model, CONFIG), "onion_pipeline", first, Attachments())
        yield


def run(run_nodes, folder, parameters, **ingest):
    values = {
        "new_images": open_source(folder, labelled=False),
        "params:predict": parameters.predict,
        "params:ingest": parameters.ingest.model_copy(update=ingest),
    }
    return run_nodes(create_pipeline(), values)


def test_new_images_are_classified_by_the_model_asked_for(
    run_nodes, registry, photo_folder, base_parameters
):
    (photo_folder / "broken.jpg").write_bytes(b"x")
    made = run(run_nodes, photo_folder, base_parameters)
    assert base_parameters.predict.model == URI
    assert list(made["predictions"].columns) == [
        "path",
        "label",
        "confidence",
        "probability_onion",
        "probability_Öl",
        "prediction_set",
        "abstained",
        "model_version",
    ]
    assert len(made["predictions"]) == 20
    assert set(made["predictions"]["model_version"]) == {"1"}
    assert set(made["predictions"]["prediction_set"]) <= {'["onion", "Öl"]', '["Öl", "onion"]'}
    assert not made["predictions"]["abstained"].any()
    (broken,) = made["unreadable_images"].to_dict("records")
    assert (broken["path"], broken["reason"]) == ("broken.jpg", "unsupported_format")
    assert broken["detail"]


@pytest.mark.parametrize(("largest", "said"), [(4000, True), (65000, False)])
def test_pictures_of_other_bits_than_those_of_training_are_told(  # noqa: PLR0913, PLR0917
    run_nodes, registry, photo_folder, base_parameters, caplog, largest, said
):
    Image.fromarray(np.full((3, 3), largest, np.uint16)).save(photo_folder / "deep.png")
    run(run_nodes, photo_folder, base_parameters)
    assert ("passes 4000, but the model scales pictures of 16 bits" in caplog.text) == said


def test_nothing_is_left_if_no_image_is_usable(run_nodes, registry, tmp_path, base_parameters):
    (tmp_path / "broken.jpg").write_bytes(b"x")
    with pytest.raises(DataError, match="The one file is not a usable image"):
        run(run_nodes, tmp_path, base_parameters)


def test_a_table_of_paths_is_enough(run_nodes, registry, photo_folder, base_parameters):
    (photo_folder / "new.csv").write_text("path\nred/1.jpg\nblue/2.jpg\n")
    made = run(run_nodes, photo_folder / "new.csv", base_parameters)
    assert made["predictions"]["path"].tolist() == ["blue/2.jpg", "red/1.jpg"]


def test_a_flat_folder_is_enough(run_nodes, registry, photo_folder, base_parameters):
    assert len(run(run_nodes, photo_folder / "red", base_parameters)["predictions"]) == 10


def test_a_folder_of_splits_and_others_is_enough(
    run_nodes, registry, photo_folder, base_parameters
):
    for old, new in (("red", "train"), ("blue", "test")):
        (photo_folder / old).rename(photo_folder / new)
    (photo_folder / "metadata.csv").write_text("file_name\ntrain/1.jpg\n")
    assert len(run(run_nodes, photo_folder, base_parameters)["predictions"]) == 20


def test_a_linked_folder_is_left_out_only_if_that_is_told(
    run_nodes, registry, photo_folder, base_parameters, tmp_path
):
    (photo_folder / "red").rename(tmp_path / "red")
    (photo_folder / "red").symlink_to(tmp_path / "red")
    with pytest.raises(DataError, match=r"A folder is left out .*ingest\.follow_links=true"):
        run(run_nodes, photo_folder, base_parameters)
    assert (
        len(run(run_nodes, photo_folder, base_parameters, follow_links=True)["predictions"]) == 20
    )


def test_a_model_that_is_not_there_is_named(run_nodes, registry, photo_folder, base_parameters):
    unknown = base_parameters.predict.model_copy(update={"model": "models:/leeks/1"})
    with pytest.raises(RegistryError, match=r"There is no model models:/leeks/1 to load"):
        run(run_nodes, photo_folder, base_parameters.model_copy(update={"predict": unknown}))
