import numpy as np
import pytest

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources import open_source
from onion_pipeline.pipelines.ingest.pipeline import create_pipeline


@pytest.fixture
def values(photo_folder, base_parameters):
    (photo_folder / "red" / "broken.jpg").write_bytes(b"not a picture")
    return {
        "raw_images": open_source(photo_folder),
        "params:ingest": base_parameters.ingest,
        "params:seed": 1,
    }


def test_a_folder_of_pictures_becomes_three_labelled_splits(run_nodes, values):
    made = run_nodes(create_pipeline(), values)
    assert made["class_names"] == ["blue", "red"]
    assert list(made["quarantine"]["path"]) == ["red/broken.jpg"]
    assert len(made["image_index"]) == 21
    assert made["decoded_images"].shape == (20, 12, 16, 3)
    splits = made["image_splits"]
    for name in ("train", "validation", "test"):
        rows = splits[splits["split"] == name]
        images = made[f"{name}_images"]
        assert [made["class_names"][label] for label in images["label"]] == list(rows["label"])
        np.testing.assert_array_equal(images["image"], made["decoded_images"][rows.index])
        brightest = np.where(images["image"].mean(axis=(1, 2)).argmax(axis=1) == 2, "blue", "red")
        assert list(brightest) == list(rows["label"])


def test_the_seed_alone_decides_the_splits(run_nodes, values):
    one, same, other = (
        run_nodes(create_pipeline(), {**values, "params:seed": seed})["image_splits"]
        for seed in (1, 1, 2)
    )
    assert one.equals(same)
    assert not one.equals(other)


def test_images_that_cannot_be_split_make_nothing(run_nodes, values, tmp_path):
    lonely = open_source(tmp_path / "photos" / "red")
    with pytest.raises(DataError):
        run_nodes(create_pipeline(), {**values, "raw_images": lonely})
