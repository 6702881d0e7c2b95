import numpy as np
import pandas as pd
import pytest

from onion_pipeline.evaluation.predictions import (
    BATCH,
    find_ids,
    predict_probabilities,
    read_probabilities,
    tabulate_predictions,
)
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model


@pytest.fixture(scope="module")
def model(keras):
    return build_model(read_layers(["flatten"]), (4, 4, 1), 3, seed=0)


@pytest.mark.parametrize("count", [1, BATCH, BATCH + 1, 2 * BATCH + 5])
def test_every_image_gets_its_probabilities_whatever_the_batches(model, count):
    images = np.random.default_rng(0).integers(0, 256, (count, 4, 4, 1), dtype=np.uint8)
    probabilities = predict_probabilities(model, images)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, np.asarray(model(images)), atol=1e-6)


def test_images_are_changed_batch_by_batch(model):
    images = np.random.default_rng(0).integers(0, 256, (BATCH + 5, 4, 4, 1), dtype=np.uint8)
    seen = []

    def invert(batch):
        seen.append(len(batch))
        return 255 - batch

    found = predict_probabilities(model, images, invert)
    assert seen == [BATCH, 5]
    np.testing.assert_array_equal(found, predict_probabilities(model, 255 - images))


def test_large_pictures_are_classified_a_few_at_a_time(keras):
    image = keras.Input((288, 288, 3), dtype="uint8")
    tensor = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(image))
    large = keras.Model(image, keras.layers.Dense(2, activation="softmax")(tensor))
    images = np.random.default_rng(0).integers(0, 256, (35, 288, 288, 3), dtype=np.uint8)
    seen = []

    def count(batch):
        seen.append(len(batch))
        return np.ascontiguousarray(batch)

    found = predict_probabilities(large, images, count)
    assert seen == [33, 2]  # 8 MiB at most
    np.testing.assert_allclose(found, np.asarray(large(images)), atol=1e-6)


def test_images_may_be_a_field_of_a_memory_mapped_file(model, tmp_path):
    rows = np.zeros(5, [("image", np.uint8, (4, 4, 1)), ("label", np.int64)])
    rows["image"] = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 1))
    np.save(tmp_path / "rows.npy", rows)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    found = predict_probabilities(model, mapped["image"])
    np.testing.assert_array_equal(found, predict_probabilities(model, rows["image"].copy()))


def test_a_row_says_what_it_is_what_was_predicted_and_how_surely(labelled_images):
    images = labelled_images[[4, 2]]
    paths = pd.Series([f"{number}.png" for number in range(12)], index=range(100, 112))
    probabilities = np.array([[0.5, 0.25, 0.25], [0.125, 0.125, 0.75]], np.float32)
    table = tabulate_predictions(images, probabilities, paths, ["a", "b", "c"])
    assert table.to_dict("list") == {
        "path": ["4.png", "2.png"],
        "label": ["b", "c"],
        "predicted": ["a", "c"],
        "confidence": [0.5, 0.75],
        "probability_a": [0.5, 0.125],
        "probability_b": [0.25, 0.125],
        "probability_c": [0.25, 0.75],
    }


def test_probabilities_are_read_back_in_the_order_of_the_classes(labelled_images):
    names = ["b", "a", "10"]
    probabilities = np.random.default_rng(0).dirichlet(np.ones(3), 12).astype(np.float32)
    paths = pd.Series(["x.png"] * 12)
    table = tabulate_predictions(labelled_images, probabilities, paths, names)
    found = read_probabilities(table[sorted(table.columns)], names)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, probabilities)


def test_ids_are_the_places_of_the_labels_among_the_classes():
    ids = find_ids(pd.Series(["10", "b", "10"], index=[7, 8, 9]), ["b", "a", "10"])
    assert ids.dtype == np.int64
    assert ids.tolist() == [2, 0, 2]
