import logging
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from killed_phases import train as train_both

from onion_pipeline.errors import ConfigurationError, TrainingDivergedError
from onion_pipeline.images.arrays import labelled_dtype
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.backbones.building import find_block
from onion_pipeline.model.build import build_model
from onion_pipeline.model.composites import Backbone
from onion_pipeline.parameters import EarlyStopping, ProbeParameters, TrainParameters
from onion_pipeline.training import batches
from onion_pipeline.training.features import compute_features
from onion_pipeline.training.phases import choose_phases, train_phases

SHAPE, CLASSES = (32, 32, 3), 2
BOTH = ["probe", "fine_tuning"]
PROGRAM = Path(__file__).with_name("killed_phases.py")


@pytest.fixture(scope="module")
def network(keras):
    """It is pretrained, and a block of it learns."""
    backbone = {"name": "efficientnet_lite0", "trainable": "top", "from_block": "top"}
    layers = [{"backbone": backbone}, "global_average_pooling2d", {"dropout": {"rate": 0.2}}]
    return build_model(read_layers(layers), SHAPE, CLASSES, seed=0)


@pytest.fixture
def draw_images():
    """Light pictures and dark ones, with noise, which a backbone tells apart."""

    def draw(count, seed, noise=30):
        generator = np.random.default_rng(seed)
        images = np.zeros(count, labelled_dtype(SHAPE))
        images["label"], images["index"] = np.arange(count) % CLASSES, np.arange(count)
        light = np.where(images["label"] == 1, 150, 100)[:, None, None, None]
        pixels = light + generator.normal(0, noise, (count, *SHAPE))
        images["image"] = pixels.clip(0, 255).astype(np.uint8)
        return images

    return draw


@pytest.fixture
def train(network, draw_images):
    chosen = TrainParameters(
        epochs=2,
        variants_per_epoch=None,
        batch_size=8,
        optimizer="sgd",
        learning_rate=1e-4,
        schedule="constant",
        warmup_epochs=0,
        weight_decay=0,
        early_stopping=None,
        class_weights=None,
        precision="float32",
        probe=ProbeParameters(epochs=8, batch_size=16, learning_rate=0.03, weight_decays=[0.1, 3]),
    )

    def train(phases, checkpoints=None, **changes):
        images, validation = draw_images(40, 0), draw_images(16, 1)
        features = compute_features(network, images, validation).gather()
        return train_phases(
            network,
            images,
            validation,
            chosen.model_copy(update=changes),
            7,
            chosen=phases,
            features=features,
            checkpoints=checkpoints,
        )

    return train


def list_changed(network, trained):
    pairs = zip(network.layers, trained.model.layers, strict=True)
    return {
        find_block(old.name) or "head"
        for old, new in pairs
        if not all(map(np.array_equal, old.get_weights(), new.get_weights()))
    }


def check_same(trained, other):
    assert all(map(np.array_equal, trained.model.get_weights(), other.model.get_weights()))
    pd.testing.assert_frame_equal(trained.history, other.history, check_exact=True)


def test_a_backbone_has_both_phases_unless_nothing_of_it_learns():
    backbone = Backbone(name="efficientnet_lite0")
    frozen = Backbone(name="efficientnet_lite0", trainable="none")
    assert choose_phases(backbone, None) == BOTH
    assert choose_phases(frozen, None) == ["probe"]
    assert choose_phases(backbone, ["fine_tuning"]) == ["fine_tuning"]
    assert choose_phases(None, None) == []


@pytest.mark.parametrize(
    ("backbone", "message"),
    [
        (None, "train.phases is ['fine_tuning'], and the network has no backbone"),
        (Backbone(name="efficientnet_lite0", trainable="none"), "backbone.trainable is none"),
    ],
)
def test_phases_that_the_network_cannot_have_are_refused(backbone, message):
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        choose_phases(backbone, ["fine_tuning"])


def test_the_probe_trains_the_head_alone_with_the_best_weight_decay(network, train, caplog):
    with caplog.at_level(logging.INFO):
        trained = train(["probe"])
    assert list_changed(network, trained) == {"head"}
    assert set(trained.history["phase"]) == {"probe"}
    best = trained.history[trained.history["best"]].iloc[0]
    told = [float(loss) for loss in re.findall(r"validation loss ([\d.]+)", caplog.text)]
    assert len(told) == 2
    assert len(re.findall(r"some \d+ s left", caplog.text)) == 2
    assert "computing the features of 56 pictures" in caplog.text
    assert best["validation_loss"] == pytest.approx(min(told), abs=1e-4)
    assert best["validation_accuracy"] > 0.8


@pytest.mark.slow
def test_fine_tuning_goes_on_from_the_probe(network, train):
    trained = train(BOTH)
    assert list_changed(network, trained) == {"head", "top"}
    history = trained.history
    assert list(history["epoch"]) == list(range(1, 1 + len(history)))
    assert list(history["phase"].unique()) == BOTH
    assert history["best"].sum() == 1
    assert len(trained.kernels) == 1 + len(history)
    probe = history[history["phase"] == "probe"]["validation_loss"].min()
    tuned = history[history["phase"] == "fine_tuning"]["validation_loss"]
    assert tuned.max() < probe + 0.1  # a head of random weights would begin at about 0.69


@pytest.mark.slow
def test_fine_tuning_that_harms_stops_early_and_leaves_the_probe(network, train, caplog):
    with caplog.at_level(logging.INFO):
        trained = train(BOTH, learning_rate=2.0, epochs=3, early_stopping=EarlyStopping(patience=1))
    assert (trained.history["phase"] == "fine_tuning").sum() == 1
    assert list_changed(network, trained) == {"head"}
    assert trained.history.loc[trained.history["best"], "phase"].item() == "probe"
    assert "the probe: it stays" in caplog.text


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_also_from_checkpoints(train, tmp_path):
    first = train(BOTH)
    check_same(train(BOTH, tmp_path), first)
    assert any((tmp_path / "probe").rglob("*.npz"))
    check_same(train(BOTH, tmp_path), first)  # all of it was done before


def test_only_checkpoints_of_weight_decays_that_are_tried_are_kept(train, tmp_path):
    for decays in ([0.1, 3], [3, 10]):
        train(["probe"], tmp_path, probe=ProbeParameters(epochs=1, weight_decays=decays))
    kept = {path.name for path in (tmp_path / "probe").iterdir()}
    assert kept == {"weight-decay-3", "weight-decay-10"}


def test_a_probe_that_diverges_is_named_with_its_own_learning_rate(train):
    probe = ProbeParameters(epochs=8, learning_rate=1e6, weight_decays=[3])
    with pytest.raises(TrainingDivergedError, match=r"epoch \d of the probe") as caught:
        train(["probe"], probe=probe)
    assert str(caught.value).endswith("Lower train.probe.learning_rate.")


@pytest.mark.slow
def test_fine_tuning_that_diverges_is_named_and_keeps_the_probe(train, tmp_path):
    with pytest.raises(TrainingDivergedError, match=r"epoch \d of fine-tuning") as caught:
        train(BOTH, tmp_path, learning_rate=1e38)
    assert "Lower train.learning_rate" in str(caught.value)
    assert any((tmp_path / "probe").rglob("*.npz"))


@pytest.mark.slow
def test_phases_that_are_killed_end_as_if_they_had_not_been(keras, tmp_path, monkeypatch, caplog):
    """Killed in the second weight decay of the probe, then in the second epoch of fine-tuning."""
    environment = {**os.environ, "PYTHONPATH": str(PROGRAM.parents[2] / "src")}
    for place in ("after 4", "after 6"):
        command = [sys.executable, str(PROGRAM), str(tmp_path), place]
        killed = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False
        )
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert "resumed at epoch 2 of the probe, step 1 of 3" in killed.stderr
    monkeypatch.setattr(batches, "MOST_BATCHES", 2)
    with caplog.at_level(logging.INFO):
        resumed = train_both(tmp_path)
    assert "resumed at epoch 2 of fine-tuning, step 3 of 3" in caplog.text
    expected = train_both()
    assert len(expected.history) == 3 + 2
    check_same(resumed, expected)
    np.testing.assert_array_equal(resumed.kernels, expected.kernels)
