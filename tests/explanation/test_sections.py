import json
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from onion_pipeline.augmentation.replay import draw_policy
from onion_pipeline.evaluation.predictions import predict_probabilities, tabulate_probabilities
from onion_pipeline.explanation import sections
from onion_pipeline.explanation.attention import map_attention, map_occlusion, place_patches
from onion_pipeline.explanation.report import Report, describe_network

NAMES = ["ant", "bee", "cat"]


class Answered(NamedTuple):
    images: np.ndarray
    predictions: pd.DataFrame


@pytest.fixture
def tested(onion):
    """Nine test images and what the network says of them."""
    images = np.random.default_rng(0).integers(0, 256, (9, 12, 10, 3), dtype=np.uint8)
    answers = predict_probabilities(onion, images)
    paths = [f"{number}.png" for number in range(9)]
    return Answered(images, tabulate_probabilities(answers, paths, NAMES * 3, NAMES))


@pytest.fixture
def report(onion, tested):
    """The report of two of them."""
    return describe_network(onion, tested.images[:2], tested.predictions[:2], NAMES)


def read(report: Report, key: str):
    """What stands in the page, as the browser reads it."""
    return json.loads(json.dumps(report.description, allow_nan=False))[key]


def test_each_picture_has_maps_of_where_the_network_looked(report, onion, tested):
    sections.add_attention(report, onion, tested.images[:2], tested.predictions[:2])
    picture = read(report, "pictures")[1]
    chosen = np.array([NAMES.index(picture["predicted"])])
    attention = map_attention(onion, tested.images[1:2], chosen)[0]
    np.testing.assert_allclose(report.tensors[picture["attention"]], attention, atol=1e-6)
    occlusion = map_occlusion(onion, tested.images[1], int(chosen[0]))
    np.testing.assert_allclose(report.tensors[picture["occlusion"]], occlusion, atol=1e-5)
    placed = read(report, "occlusion")
    assert occlusion.shape == (len(placed["tops"]), len(placed["lefts"]))


def test_patches_lie_side_by_side_where_they_would_cost_too_much(
    report, onion, tested, monkeypatch
):
    monkeypatch.setattr(sections, "LARGEST_OCCLUSION", 1)
    sections.add_attention(report, onion, tested.images[:2], tested.predictions[:2])
    placed = read(report, "occlusion")
    assert placed == place_patches(tested.images.shape[1:3], overlap=False)._asdict()
    shape = report.tensors[read(report, "pictures")[0]["occlusion"]].shape
    assert shape == (len(placed["tops"]), len(placed["lefts"]))


def test_large_draws_are_reduced_as_they_are_only_looked_at(onion, tested, report, monkeypatch):
    monkeypatch.setattr(sections, "DRAW_SIDE", 6)
    drawn = draw_policy(tested.images[1], [{"name": "VerticalFlip", "arguments": {}}], 1, seed=0)
    sections.add_augmentation(report, onion, drawn, picture=1)
    (transform,) = read(report, "augmentation")["transforms"]
    assert report.tensors[transform["draws"][0]["pixels"]].shape == (6, 5, 3)


def test_each_draw_of_a_transform_comes_with_the_answer_to_it(report, onion, tested):
    policy = [{"name": "VerticalFlip", "arguments": {"p": 0.3}}]
    drawn = draw_policy(tested.images[1], policy, 2, seed=0)
    sections.add_augmentation(report, onion, drawn, picture=1)
    shown = read(report, "augmentation")
    (transform,), picture = shown["transforms"], shown["picture"]
    assert (transform["name"], transform["probability"], picture) == ("VerticalFlip", 0.3, 1)
    first = transform["draws"][0]
    flipped = tested.images[1][::-1]
    np.testing.assert_array_equal(report.tensors[first["pixels"]], flipped)
    (expected,) = predict_probabilities(onion, np.ascontiguousarray(flipped[None]))
    assert first["probabilities"] == pytest.approx(expected.tolist(), rel=1e-5)


def test_without_augmentation_nothing_is_said_of_it(report, onion):
    sections.add_augmentation(report, onion, [], picture=0)
    assert "augmentation" not in report.description


def test_learning_is_told_by_epochs_and_kernels(report):
    history = pd.DataFrame({"epoch": [1, 2], "loss": [1.0, np.nan], "best": [False, True]})
    kernels = np.random.default_rng(0).normal(size=(3, 3, 3, 1, 40)).astype(np.float32)
    sections.add_learning(report, history, kernels, "conv2d_1")
    learning = read(report, "learning")
    assert learning["history"][1] == {"epoch": 2, "loss": None, "best": True}
    shown = learning["kernels"]
    assert (shown["layer"], shown["epochs"]) == ("conv2d_1", [0, 1, 2])
    np.testing.assert_array_equal(report.tensors[shown["frames"][2]], kernels[2, ..., :32])


def test_of_many_epochs_some_are_shown_the_first_and_the_last_among_them(report):
    kernels = np.zeros((201, 3, 3, 1, 2), np.float32)
    sections.add_learning(report, pd.DataFrame({"epoch": range(1, 201)}), kernels, "conv2d_1")
    shown = read(report, "learning")["kernels"]
    assert len(shown["frames"]) == len(shown["epochs"]) == 60
    assert (shown["epochs"][0], shown["epochs"][-1]) == (0, 200)


def test_a_network_without_a_convolution_has_no_kernels(report):
    kernels = np.zeros((3, 0, 0, 0, 0), np.float32)
    sections.add_learning(report, pd.DataFrame({"epoch": [1, 2]}), kernels, None)
    assert read(report, "learning")["kernels"] is None


def test_each_cell_of_the_confusion_matrix_has_its_pictures(report, tested):
    sections.add_confusion(report, *tested, NAMES)
    confusion, table = read(report, "confusion"), tested.predictions
    cells = {(cell["label"], cell["predicted"]): cell["pictures"] for cell in confusion["cells"]}
    for row, label in enumerate(NAMES):
        for column, predicted in enumerate(NAMES):
            rows = table[(table["label"] == label) & (table["predicted"] == predicted)]
            assert confusion["counts"][row][column] == len(rows)
            pictures = cells.get((label, predicted), [])
            assert {each["path"] for each in pictures} == set(rows["path"])
            for each in pictures:
                number = int(each["path"].removesuffix(".png"))
                pixels = report.tensors[each["pixels"]]
                np.testing.assert_array_equal(pixels, tested.images[number])


def test_a_cell_has_the_surest_of_many_pictures(report, tested, monkeypatch):
    monkeypatch.setattr(sections, "LONGEST_CELL", 1)
    sections.add_confusion(report, *tested, NAMES)
    for cell in read(report, "confusion")["cells"]:
        (picture,) = cell["pictures"]
        table = tested.predictions
        alike = (table["label"] == cell["label"]) & (table["predicted"] == cell["predicted"])
        assert picture["confidence"] == pytest.approx(table.loc[alike, "confidence"].max())


def test_the_map_has_a_place_and_a_thumbnail_for_each_picture(report, onion, tested, monkeypatch):
    sections.add_map(report, onion, *tested, seed=0)
    drawn = read(report, "map")
    assert [point["path"] for point in drawn["points"]] == tested.predictions["path"].tolist()
    assert len(report.tensors[drawn["thumbnails"]]) == 9
    monkeypatch.setattr(sections, "LARGEST_MAP", 5)
    sections.add_map(report, onion, *tested, seed=0)
    labels = [point["label"] for point in read(report, "map")["points"]]
    assert len(labels) == 5
    assert set(labels) == set(NAMES)


@pytest.mark.parametrize(
    ("shape", "side", "expected"),
    [
        ((28, 28, 1), 28, (28, 28, 1)),
        ((28, 28, 1), 14, (14, 14, 1)),
        ((96, 96, 3), 48, (48, 48, 3)),
        ((30, 20, 3), 12, (10, 7, 3)),
        ((2, 100, 1), 10, (1, 10, 1)),
    ],
)
def test_thumbnails_fit_and_keep_their_proportions(shape, side, expected):
    images = np.random.default_rng(0).integers(0, 256, (2, *shape), dtype=np.uint8)
    small = sections.shrink_images(images, side)
    assert small.shape == (2, *expected)
    assert small.dtype == np.uint8


def test_a_pixel_is_the_mean_of_its_block():
    image = np.random.default_rng(0).integers(0, 256, (1, 8, 6, 3), dtype=np.uint8)
    small = sections.shrink_images(image, 4)
    means = image.reshape(1, 4, 2, 3, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(small, means, atol=0.51)
