import json
import logging
import math
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest

from onion_pipeline.augmentation.policy import make_policy
from onion_pipeline.augmentation.streaming import StreamedImages
from onion_pipeline.errors import TrainingDivergedError
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.parameters import EarlyStopping
from onion_pipeline.training import batches
from onion_pipeline.training.checkpoints import Checkpointer, TrainingFolder
from onion_pipeline.training.fit import train_model

pytestmark = pytest.mark.slow  # trainings

PLAIN = ["flatten", {"dense": {"units": 6, "activation": "relu"}}]
DROPOUT = [{"conv2d": {"filters": 3}}, {"spatial_dropout2d": {"rate": 0.3}}, "flatten"]
MIXED = [
    {"conv2d": {"filters": 3, "activation": "relu"}},
    "max_pooling2d",
    {"dropout": {"rate": 0.3}},
    "batch_normalization",
    "flatten",
    {"dropout": {"rate": 0.5}},
]
NAME = "onion_pipeline.training.checkpoints"
COSINE = {"schedule": "cosine", "warmup_epochs": 0.7}
RECIPE = {
    "optimizer": "adamw",
    "weight_decay": 0.1,
    "schedule": "one_cycle",
    "class_weights": "balanced",
    "label_smoothing": 0.1,
    "mixup": 0.4,
    "cutmix": 1.0,
    "ema": 0.9,
    "gradient_clipping": 0.5,
}
# Of each case the layers, the parameters, and after how many blocks it is interrupted.
CASES = {
    "sgd": (PLAIN, {}, 5),
    "adam": (MIXED, {"optimizer": "adam", **COSINE}, 5),
    "adamw": (DROPOUT, {"optimizer": "adamw", "weight_decay": 0.1, "schedule": "exponential"}, 5),
    "rmsprop": (MIXED, {"optimizer": "rmsprop", "class_weights": "balanced"}, 4),
    "recipe": (MIXED, RECIPE, 5),
    "recipe, streamed": (DROPOUT, {**RECIPE, "optimizer": "sgd"}, 4),
    "some variants": (PLAIN, {"variants_per_epoch": 2}, 3),
    "streamed": (DROPOUT, {"optimizer": "adam", **COSINE}, 5),
    "streamed, some variants": (PLAIN, {"variants_per_epoch": 2}, 3),
}


@pytest.fixture
def copies(make_noise):
    """Fourteen pictures and two variants of each, in three blocks of up to two batches."""
    images = np.tile(make_noise(14, 0), 3)
    images["index"] = np.tile(np.arange(14), 3)
    images["copy"] = np.repeat(range(3), 14)
    images["image"] ^= images["copy"].astype(np.uint8)[:, None, None, None]
    return images


@pytest.fixture
def streamed(make_noise):
    policy = make_policy([{"Affine": {"rotate": [-30, 30], "p": 0.9}}])
    images = make_noise(14, 0)
    images["index"] = np.arange(14)
    return StreamedImages(images, policy, copies=2, seed=3)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(batches, "MOST_BATCHES", 2)


@pytest.fixture
def stop_after(monkeypatch):
    """A function that lets a training be interrupted after so many blocks."""

    def set_blocks(count):
        note_block, seen = Checkpointer.note_block, []

        def note_and_stop(self, position):
            note_block(self, position)
            seen.append(position)
            if len(seen) == count:
                raise KeyboardInterrupt

        monkeypatch.setattr(Checkpointer, "note_block", note_and_stop)
        return lambda: monkeypatch.setattr(Checkpointer, "note_block", note_block)

    return set_blocks


@pytest.fixture
def train(keras, make_noise, parameters, small_blocks, tmp_path):
    """A function that trains with the checkpoints of a folder, one for each block or epoch."""

    def train(images, layers=PLAIN, folder="checkpoints", each_block=True, **changes):
        minutes = {"checkpoint_minutes": 1e-9 if each_block else 1000}
        return train_model(
            build_model(read_layers(layers), (8, 8, 1), 3, seed=0),
            images,
            make_noise(9, 1),
            parameters.model_copy(update={**changes, **minutes}),
            seed=5,
            checkpoints=tmp_path / folder if folder else None,
        )

    return train


def check_same(trained, other):
    assert len(trained.model.variables) == len(other.model.variables)
    for one, two in zip(trained.model.variables, other.model.variables, strict=True):
        assert one.numpy().tobytes() == two.numpy().tobytes()
    np.testing.assert_array_equal(trained.kernels, other.kernels)
    pd.testing.assert_frame_equal(trained.history, other.history, check_exact=True)


def read_state(folder):
    """The arrays of the one checkpoint that a finished training leaves, without its duration."""
    (path,) = folder.glob("*/*.npz")
    with np.load(path) as arrays:
        state = dict(arrays)
    numbers = json.loads(str(state.pop("numbers")))
    del numbers["seconds"]
    return numbers, {name: array.tobytes() for name, array in state.items()}


@pytest.mark.parametrize(
    ("case", "each_block"),
    [
        *((case, True) for case in CASES),
        ("adam", False),
        ("streamed", False),
        ("recipe", False),
    ],
)
def test_what_was_interrupted_ends_as_what_was_not(  # noqa: PLR0913, PLR0917
    train, copies, streamed, stop_after, tmp_path, case, each_block, caplog
):
    layers, changes, blocks = CASES[case]
    images = streamed if "streamed" in case else copies
    expected = train(images, layers, "whole", **changes)
    go_on = stop_after(blocks)
    with pytest.raises(KeyboardInterrupt):
        train(images, layers, each_block=each_block, **changes)
    go_on()
    with caplog.at_level(logging.INFO):
        check_same(train(images, layers, **changes), expected)
    assert "resumed at epoch 2" in caplog.text
    assert read_state(tmp_path / "checkpoints") == read_state(tmp_path / "whole")


def test_a_training_may_be_interrupted_after_each_block(train, copies, stop_after):
    changes = {"epochs": 2, "optimizer": "adam", **COSINE}
    expected = train(copies, MIXED, folder=None, **changes)
    for _ in range(6):  # three in each epoch
        go_on = stop_after(1)
        with pytest.raises(KeyboardInterrupt):
            train(copies, MIXED, **changes)
        go_on()
    check_same(train(copies, MIXED, **changes), expected)


def test_each_part_of_the_recipe_changes_what_is_learned(train, copies):
    plain = train(copies, MIXED, folder=None)
    for name, value in RECIPE.items():
        if name not in {"optimizer", "schedule", "class_weights", "weight_decay"}:
            changed = train(copies, MIXED, folder=None, **{name: value})
            assert not all(
                map(np.array_equal, changed.model.get_weights(), plain.model.get_weights())
            )


@pytest.mark.parametrize("blocks", [4, 13])
def test_early_stopping_ends_where_it_would_have_and_keeps_the_same_epoch(
    train, copies, stop_after, blocks
):
    changes = {"epochs": 9, "optimizer": "adam", "learning_rate": 0.05}
    changes["early_stopping"] = EarlyStopping(patience=3, min_delta=0.01)
    expected = train(copies, folder=None, **changes)
    assert len(expected.history) < 9
    go_on = stop_after(blocks)
    with suppress(KeyboardInterrupt):  # the last one is beyond the end
        train(copies, **changes)
    go_on()
    check_same(train(copies, **changes), expected)


def test_a_training_that_has_finished_is_not_done_again(train, copies, monkeypatch, caplog):
    first = train(copies, MIXED)
    monkeypatch.setattr("onion_pipeline.training.epochs.run_epochs", None)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        check_same(train(copies, MIXED), first)
    (message,) = (record.getMessage() for record in caplog.records if record.name == NAME)
    assert "has been done before" in message
    assert "delete the folder" in message


def test_without_checkpoints_everything_is_done_again(train, copies, monkeypatch):
    train(copies, folder=None)
    monkeypatch.setattr("onion_pipeline.training.epochs.run_epochs", None)
    with pytest.raises(TypeError):
        train(copies, folder=None)


def test_a_checkpoint_is_written_after_each_epoch_and_within_it_when_it_is_time(
    train, copies, monkeypatch
):
    written, write = [], TrainingFolder.write

    def note(self, epoch, block, arrays):
        written.append((epoch, block))
        return write(self, epoch, block, arrays)

    monkeypatch.setattr(TrainingFolder, "write", note)
    train(copies, folder="epochs", each_block=False)
    assert written == [(1, 0), (2, 0), (3, 0)]
    written.clear()
    train(copies, folder="blocks")
    expected = [(e, b) for e in range(3) for b in (1, 2, 3)] + [(1, 0), (2, 0), (3, 0)]
    assert sorted(written) == sorted(expected)
    assert written == sorted(written)


def test_a_changed_parameter_begins_anew_and_says_why(train, copies, stop_after, caplog):
    go_on = stop_after(5)
    with pytest.raises(KeyboardInterrupt):
        train(copies)
    go_on()
    with caplog.at_level(logging.INFO):
        changed = train(copies, epochs=4)
    assert "parameters (train.epochs 3 -> 4)" in caplog.text
    assert "resumed" not in caplog.text
    check_same(changed, train(copies, folder=None, epochs=4))


def test_a_broken_loss_names_the_checkpoint_that_is_kept(train, copies, monkeypatch, tmp_path):
    with pytest.raises(TrainingDivergedError, match=r"saved or registered\. Lower"):
        train(copies, folder="none", learning_rate=1e30)
    assert not (tmp_path / "none").exists()
    note_epoch = Checkpointer.note_epoch

    def break_weights(self, values, last):
        note_epoch(self, values, last)
        for variable in self._state.graph.trainable_variables:
            variable.assign(variable * math.nan)

    monkeypatch.setattr(Checkpointer, "note_epoch", break_weights)
    with pytest.raises(TrainingDivergedError, match="nan in step 1 of epoch 2") as caught:
        train(copies, each_block=False)
    (kept,) = (tmp_path / "checkpoints").glob("*/*.npz")
    assert kept.name == "epoch-0001-block-0000.npz"
    assert f"{kept}, is kept" in str(caught.value)


@pytest.mark.parametrize(
    ("value", "method", "each_block"),
    [(math.nan, "note_block", True), (math.inf, "note_epoch", False)],
)
def test_weights_that_are_no_numbers_reach_no_checkpoint(  # noqa: PLR0913, PLR0917
    train, copies, monkeypatch, tmp_path, value, method, each_block
):
    note = getattr(Checkpointer, method)

    def break_and_note(self, *arguments, **named):
        kernel = self._state.graph.trainable_variables[0]
        kernel.assign(kernel * 0 + value)
        note(self, *arguments, **named)

    monkeypatch.setattr(Checkpointer, method, break_and_note)
    with pytest.raises(TrainingDivergedError, match=f"weights became {value} in epoch 1"):
        train(copies, each_block=each_block)
    assert not (tmp_path / "checkpoints").exists()


def test_a_full_disk_ends_no_training(train, copies, monkeypatch, caplog, tmp_path):
    def fail(*arguments, **arrays):
        raise OSError("No space left on device")

    expected = train(copies, folder=None)
    monkeypatch.setattr(np, "savez", fail)
    check_same(train(copies), expected)
    assert "No space left on device" in caplog.text
    assert not list((tmp_path / "checkpoints").glob("*/*.npz"))


def test_the_seeds_of_dropout_are_those_of_the_training_graph(train, copies, tmp_path):
    train(copies, MIXED)
    (path,) = (tmp_path / "checkpoints").glob("*/*.npz")
    with np.load(path) as arrays:
        seeds = [array for name, array in arrays.items() if array.dtype.kind in "iu"]
    counted = [int(seed[1]) for seed in seeds if seed.shape == (2,)]
    assert len(counted) == 2
    assert min(counted) > 0  # they were drawn from in each step
