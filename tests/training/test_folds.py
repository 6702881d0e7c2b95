import logging
from functools import partial

import numpy as np
import pandas as pd
import pytest

from onion_pipeline.errors import DataError
from onion_pipeline.training import fit
from onion_pipeline.training.folds import (
    SelectedImages,
    divide_images,
    join_histories,
    train_folds,
)

FOLDS = [0, 1, 2, None, 0, 1, 2, 0, 1, 2, None, 0]
TRAIN, VALIDATION = [0, 1, 2, 4, 6, 7], [5, 8, 9, 11]  # 3 and 10 take no part


@pytest.fixture
def assigned():
    return pd.Series(FOLDS, index=range(100, 112), dtype="Int64")


@pytest.fixture
def parts(make_noise):
    """Six images for training with two variants of each, and four for validation."""

    def choose(rows, copy):
        images = make_noise(len(FOLDS), copy)
        images["index"], images["copy"] = np.arange(len(FOLDS)), copy
        return images[rows]

    augmented = np.concatenate([choose(TRAIN, copy) for copy in range(3)])
    return [augmented, choose(VALIDATION, 0)]


def count_pictures(images):
    """How often each (row, copy) is among `images`."""
    return pd.Series(zip(images["index"], images["copy"], strict=True)).value_counts().to_dict()


@pytest.mark.parametrize("seed", range(5))
def test_selected_rows_are_those_of_the_parts_in_the_order_asked_for(make_noise, seed):
    generator = np.random.default_rng(seed)
    parts = [make_noise(count, seed) for count in (5, 0, 7, 1)]
    whole = np.concatenate(parts)
    rows = generator.integers(0, len(whole), 20)
    selected = SelectedImages(parts, rows)
    wanted = generator.permutation(20)[:6]
    assert len(selected) == 20
    np.testing.assert_array_equal(selected[wanted], whole[rows][wanted])
    np.testing.assert_array_equal(selected["label"], whole[rows]["label"])
    np.testing.assert_array_equal(selected["image"], whole[rows]["image"])
    np.testing.assert_array_equal(selected.gather(), whole[rows])


def test_selected_rows_of_a_file_are_read_when_they_are_asked_for(make_noise, tmp_path):
    np.save(tmp_path / "images.npy", make_noise(9, 0))
    part = np.load(tmp_path / "images.npy", mmap_mode="r+")
    selected = SelectedImages([part, part], np.array([3, 12]))
    part["label"][3] = 77
    assert selected["label"].tolist() == [77, 77]
    assert not isinstance(selected.gather(), np.memmap)


def test_every_image_is_unseen_once_and_validates_once(parts, assigned):
    divided = divide_images(parts, assigned)
    everything = {(row, 0): 1 for row in TRAIN + VALIDATION}
    for name in ("unseen", "validation"):
        found = np.concatenate([getattr(fold, name).gather() for fold in divided])
        assert count_pictures(found) == everything


def test_the_unseen_images_of_a_fold_are_those_that_were_assigned_to_it(parts, assigned):
    for number, fold in enumerate(divide_images(parts, assigned)):
        for images, expected in ((fold.unseen, number), (fold.validation, (number + 1) % 3)):
            rows = [row for row in TRAIN + VALIDATION if FOLDS[row] == expected]
            assert sorted(images["index"]) == sorted(rows)


def test_neither_an_unseen_image_nor_a_variant_of_it_trains_or_validates(parts, assigned):
    for fold in divide_images(parts, assigned):
        rows = [set(images["index"]) for images in fold]
        assert sum(map(len, rows)) == len(set.union(*rows)) == len(TRAIN + VALIDATION)


def test_the_others_train_with_all_their_variants(parts, assigned):
    for number, fold in enumerate(divide_images(parts, assigned)):
        trains = {row for row in TRAIN + VALIDATION if FOLDS[row] == (number + 2) % 3}
        expected = {(row, copy) for row in trains for copy in range(3 if row in TRAIN else 1)}
        assert count_pictures(fold.train.gather()) == dict.fromkeys(expected, 1)


def lose_one(parts):
    return [parts[0], parts[1][1:]]


def repeat_one(parts):
    return [parts[0], np.concatenate([parts[1], parts[1][:1]])]


def add_one_of_another_run(parts):
    return [parts[0], np.concatenate([parts[1], make_foreign(parts[1][:1], copy=0)])]


def add_a_variant_of_another_run(parts):
    return [np.concatenate([parts[0], make_foreign(parts[0][:1], copy=1)]), parts[1]]


def make_foreign(images, copy):
    foreign = images.copy()
    foreign["index"], foreign["copy"] = len(FOLDS) + 5, copy
    return foreign


@pytest.mark.parametrize(
    "change", [lose_one, repeat_one, add_one_of_another_run, add_a_variant_of_another_run]
)
def test_images_and_folds_of_different_runs_are_refused(parts, assigned, change):
    with pytest.raises(DataError, match=r"10 rows of image_splits .* left from another run"):
        divide_images(change(parts), assigned)


@pytest.mark.slow
def test_each_network_is_the_one_of_its_fold(parts, assigned, untrained, parameters):
    before = untrained.get_weights()
    divided = divide_images(parts, assigned)
    train = partial(fit.train_model, untrained, parameters=parameters, seed=3)
    trained = [(each.model.get_weights(), unseen) for each, unseen in train_folds(divided, train)]
    assert len(trained) == 3
    for fold, (weights, unseen) in zip(divided, trained, strict=True):
        train, validation = fold.train.gather(), fold.validation.gather()
        expected = fit.train_model(untrained, train, validation, parameters, 3).model
        assert all(map(np.array_equal, weights, expected.get_weights()))
        np.testing.assert_array_equal(unseen, fold.unseen.gather())
    assert not np.array_equal(trained[0][0][0], trained[1][0][0])
    assert all(map(np.array_equal, before, untrained.get_weights()))


def test_joined_histories_say_of_which_fold_they_are():
    histories = [pd.DataFrame({"epoch": [1, 2]}), pd.DataFrame({"epoch": [1]})]
    assert join_histories(histories).to_dict("list") == {"epoch": [1, 2, 1], "fold": [0, 0, 1]}


def test_each_fold_is_announced_with_its_sizes(parts, assigned, untrained, caplog):
    trained = fit.Trained(untrained, pd.DataFrame(), np.zeros((1, 0, 0, 0, 0), np.float32))
    with caplog.at_level(logging.INFO):
        list(train_folds(divide_images(parts, assigned), lambda *_: trained))
    assert caplog.messages[0] == "fold 1 of 3: 7 train, 3 validation, 4 unseen"
    assert len(caplog.messages) == 3
