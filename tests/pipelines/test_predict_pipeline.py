from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from onion_pipeline.errors import DataError
from onion_pipeline.images.decoding.decoder import Rendering
from onion_pipeline.images.sources import open_source
from onion_pipeline.pipelines.predict.pipeline import create_pipeline
from onion_pipeline.registry import batch


class Classifier:
    """Stands in for a registered model: calls a picture onion if it has more than a byte."""

    def unwrap_python_model(self):
        config = SimpleNamespace(rendering=Rendering())
        return SimpleNamespace(classifier=SimpleNamespace(config=config))

    def predict(self, table):
        good = table["image"].map(len) > 1
        return pd.DataFrame(
            {
                "label": good.map({True: "onion", False: None}),
                "confidence": good.map({True: 1.0, False: float("nan")}),
                "probability_onion": good.map({True: 1.0, False: float("nan")}),
                "prediction_set": good.map({True: ["onion", "Öl"], False: None}),
                "abstained": ~good,
                "model_version": "7",
                "error": good.map({True: "", False: "not_an_image: one byte"}),
            }
        )


@pytest.fixture
def asked(monkeypatch):
    uris = []
    monkeypatch.setattr(
        batch, "load_classifier", lambda uri: (uris.append(uri), (Classifier(), 7))[1]
    )
    return uris


def run(run_nodes, folder, parameters, **ingest):
    values = {
        "new_images": open_source(folder, labelled=False),
        "params:predict": parameters.predict,
        "params:ingest": parameters.ingest.model_copy(update=ingest),
    }
    return run_nodes(create_pipeline(), values)


def test_new_images_are_classified_by_the_model_asked_for(
    run_nodes, asked, photo_folder, base_parameters
):
    (photo_folder / "broken.jpg").write_bytes(b"x")
    made = run(run_nodes, photo_folder, base_parameters)
    assert asked == ["models:/onion_pipeline@champion"]
    assert list(made["predictions"].columns) == [
        "path",
        "label",
        "confidence",
        "probability_onion",
        "prediction_set",
        "abstained",
        "model_version",
    ]
    assert len(made["predictions"]) == 20
    assert set(made["predictions"]["model_version"]) == {"7"}
    assert set(made["predictions"]["prediction_set"]) == {'["onion", "Öl"]'}
    assert not made["predictions"]["abstained"].any()
    assert made["unreadable_images"].to_dict("records") == [
        {"path": "broken.jpg", "reason": "not_an_image", "detail": "one byte"}
    ]


@pytest.mark.parametrize(("largest", "said"), [(4000, True), (65000, False)])
def test_pictures_of_other_bits_than_those_of_training_are_told(  # noqa: PLR0913, PLR0917
    run_nodes, asked, photo_folder, base_parameters, caplog, largest, said
):
    Image.fromarray(np.full((3, 3), largest, np.uint16)).save(photo_folder / "deep.png")
    run(run_nodes, photo_folder, base_parameters)
    assert ("passes 4000, but the model scales pictures of 16 bits" in caplog.text) == said


def test_nothing_is_left_if_no_image_is_usable(run_nodes, asked, tmp_path, base_parameters):
    (tmp_path / "broken.jpg").write_bytes(b"x")
    with pytest.raises(DataError, match="one byte"):
        run(run_nodes, tmp_path, base_parameters)


def test_a_table_of_paths_is_enough(run_nodes, asked, photo_folder, base_parameters):
    (photo_folder / "new.csv").write_text("path\nred/1.jpg\nblue/2.jpg\n")
    made = run(run_nodes, photo_folder / "new.csv", base_parameters)
    assert made["predictions"]["path"].tolist() == ["blue/2.jpg", "red/1.jpg"]


def test_a_flat_folder_is_enough(run_nodes, asked, photo_folder, base_parameters):
    assert len(run(run_nodes, photo_folder / "red", base_parameters)["predictions"]) == 10


def test_a_folder_of_splits_and_others_is_enough(run_nodes, asked, photo_folder, base_parameters):
    for old, new in (("red", "train"), ("blue", "test")):
        (photo_folder / old).rename(photo_folder / new)
    (photo_folder / "metadata.csv").write_text("file_name\ntrain/1.jpg\n")
    assert len(run(run_nodes, photo_folder, base_parameters)["predictions"]) == 20


def test_a_linked_folder_is_left_out_only_if_that_is_told(
    run_nodes, asked, photo_folder, base_parameters, tmp_path
):
    (photo_folder / "red").rename(tmp_path / "red")
    (photo_folder / "red").symlink_to(tmp_path / "red")
    with pytest.raises(DataError, match=r"A folder is left out .*ingest\.follow_links=true"):
        run(run_nodes, photo_folder, base_parameters)
    assert (
        len(run(run_nodes, photo_folder, base_parameters, follow_links=True)["predictions"]) == 20
    )
