import numpy as np
import pandas as pd
import pytest

from onion_pipeline.evaluation.intervals import wilson_interval
from onion_pipeline.evaluation.slices import measure_slices, tabulate_slices

COUNT = 200


@pytest.fixture
def make():
    """A function that slices 200 images, of which those named are wrong."""

    def run(wrong, fewest=20, **columns):
        labels = np.where(np.arange(COUNT) % 2, "b", "a")
        predicted = np.where(wrong, "c", labels)
        predictions = pd.DataFrame({"label": labels, "predicted": predicted})
        files = pd.DataFrame({"path": range(COUNT), "height": 20, "width": 30, **columns})
        images = np.repeat(np.arange(COUNT, dtype=np.uint8), 12).reshape(COUNT, 2, 2, 3)
        return tabulate_slices(predictions, files, images, fewest, 0.95)

    return run


def test_images_are_sliced_by_class_brightness_and_size(make):
    sizes = {"height": np.repeat([10, 20, 40, 80], 50), "width": np.repeat([10, 20, 40, 80], 50)}
    table = make(np.arange(COUNT) < 60, **sizes).set_index(["column", "value"])
    assert table.loc[("class", "a"), "images"] == 100
    assert table.loc[("class", "a"), "accuracy"] == pytest.approx(0.7)
    assert table.loc[("size in pixels", "10 to 10"), "accuracy"] == 0
    assert table.loc["brightness"]["images"].between(45, 55).all()
    low, high = wilson_interval(70, 100, 0.95)
    assert table.loc[("class", "a"), ["accuracy_low", "accuracy_high"]].tolist() == [low, high]


def test_the_worst_slice_is_named(make):
    camera = np.repeat(["old", "new"], [40, 160])
    table = make((camera == "old") & (np.arange(COUNT) % 4 > 0), camera=camera)
    (worst,) = table[table["is_worst"]].to_dict("records")
    assert (worst["column"], worst["value"], worst["images"]) == ("camera", "old", 40)
    assert measure_slices(table) == {"worst_slice_accuracy": worst["accuracy"]}


def test_what_chance_explains_is_no_worst_slice(make):
    wrong = np.random.default_rng(0).random(COUNT) < 0.2
    cameras = np.random.default_rng(1).integers(0, 15, COUNT).astype(str)
    table = make(wrong, fewest=5, camera=cameras)
    assert not table["is_worst"].any()
    assert measure_slices(table) == {}


def test_a_slice_of_few_images_is_not_named(make):
    camera = np.where(np.arange(COUNT) % 13 == 0, "old", "new")
    assert not make(camera == "old", camera=camera)["is_worst"].any()
    table = make(camera == "old", fewest=16, camera=camera)
    assert table.loc[table["is_worst"], "value"].tolist() == ["old"]


def test_columns_of_one_value_of_very_many_or_of_identity_are_left_out(make):
    table = make(
        np.zeros(COUNT, bool),
        format="PNG",
        name=[str(number) for number in range(COUNT)],
        sha256=["a", "b"] * 100,
        patient=[None, "x"] * 100,
    )
    assert set(table["column"]) == {"class", "brightness"}


def test_images_that_nothing_tells_apart_are_in_no_slice():
    alike = pd.DataFrame({"label": ["a"] * 4, "predicted": ["a", "a", "b", "b"]})
    files = pd.DataFrame({"path": range(4), "height": 20, "width": 30})
    table = tabulate_slices(alike, files, np.zeros((4, 2, 2, 1), np.uint8), 1, 0.95)
    assert table.empty
    assert measure_slices(table) == {}
