import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from onion_pipeline.errors import MemoryShortageError
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.training import memory
from onion_pipeline.training.fit import train_model
from onion_pipeline.training.memory import check_memory, estimate_memory, measure_free_memory

# Prints the estimate and by how much the process has grown at its peak.
TRAIN = """
import resource
import numpy as np
import psutil
from onion_pipeline.images.arrays import labelled_dtype
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.parameters import TrainParameters
from onion_pipeline.training.fit import train_model
from onion_pipeline.training.memory import estimate_memory

entry = {"backbone": {"name": "efficientnet_lite0", "weights": None, "trainable": "all"}}
model = build_model(read_layers([entry, "global_average_pooling2d"]), (160, 160, 3), 2, seed=0)
images = np.zeros(32, labelled_dtype((160, 160, 3)))
parameters = TrainParameters(
    epochs=1, variants_per_epoch=None, batch_size=16, optimizer="adamw", learning_rate=1e-4,
    schedule="constant", warmup_epochs=0, weight_decay=0, early_stopping=None, class_weights=None,
    precision="float32",
)
before = psutil.Process().memory_info().rss
print(estimate_memory(model, 16, "float32"))
train_model(model, images, images[:16], parameters, 0)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before)
"""


@pytest.fixture(scope="module")
def build(keras):
    def build(trainable="all", side=64):
        entry = {
            "backbone": {"name": "efficientnet_lite0", "weights": None, "trainable": trainable}
        }
        return build_model(read_layers([entry, "global_average_pooling2d"]), (side, side, 3), 2, 0)

    return build


@pytest.mark.slow
def test_a_training_takes_about_what_was_estimated():
    source = Path(memory.__file__).parents[2]
    said = subprocess.run(
        [sys.executable, "-c", TRAIN],
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=True,
    )
    estimated, taken = map(int, said.stdout.split())
    assert taken / 1.5 < estimated < taken * 1.5


def test_what_is_trained_decides_what_is_kept(build):
    models = [build(each) for each in ("none", "top", "all")]
    none, top, everything = (estimate_memory(model, 256, "float32") for model in models)
    assert none < top < everything
    assert everything - top > 2 * (top - none)  # the first layers have the largest pictures


def test_a_row_of_layers_is_counted_by_hand(keras):
    layers = read_layers([{"conv2d": {"filters": 4, "activation": "relu"}}, "flatten"])
    model = build_model(layers, (10, 10, 1), 3, seed=0)
    convolved, scaled = 8 * 8 * 4, 10 * 10
    kept = scaled + convolved + convolved + 3  # what arrives at weights, and what left functions
    weights = (9 * 4 + 4) + (convolved * 3 + 3)
    expected = 32 * 4 * (kept + 2 * convolved) + 4 * 6 * weights + memory.LAYER_BYTES * 4
    assert estimate_memory(model, 32, "float32") == pytest.approx(expected, rel=0.3)


def test_half_as_long_numbers_take_half_the_room(build):
    model = build()
    sizes = [estimate_memory(model, batch, "float32") for batch in (0, 100, 200)]
    assert sizes[2] - sizes[1] == pytest.approx(sizes[1] - sizes[0], rel=1e-6)
    short = estimate_memory(model, 100, "mixed_bfloat16")
    assert short - sizes[0] == pytest.approx((sizes[1] - sizes[0]) / 2, rel=1e-6)


def test_a_training_that_would_not_fit_is_refused_with_the_numbers(onion, monkeypatch):
    monkeypatch.setattr(memory, "measure_free_memory", lambda: 50_000_000_000)
    check_memory(onion, 32, "float32")
    with pytest.raises(MemoryShortageError) as caught:
        check_memory(onion, 10_000_000, "float32")
    said = str(caught.value)
    assert "on 10000000 pictures of 12x10 pixels at once" in said
    assert "50.0 GB are free" in said
    assert "train.batch_size or ingest.image_size" in said
    assert "backbone.trainable: top" in said


def test_it_is_refused_before_anything_is_made(
    onion, labelled_images, base_parameters, monkeypatch, tmp_path
):
    monkeypatch.setattr(memory, "measure_free_memory", lambda: 0)
    parameters = base_parameters.train.model_copy(update={"precision": "float32"})
    before = [np.array(each) for each in onion.get_weights()]
    with pytest.raises(MemoryShortageError):
        train_model(onion, labelled_images, labelled_images, parameters, 0, checkpoints=tmp_path)
    assert not list(tmp_path.rglob("*.npz"))
    for left, right in zip(before, onion.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)


def test_where_there_are_gpus_their_memory_is_another(onion, monkeypatch):
    monkeypatch.setattr(memory, "list_gpus", lambda: ["one"])
    monkeypatch.setattr(memory, "measure_free_memory", lambda: 0)
    check_memory(onion, 32, "float32")


def write_group(folder, limit, usage, unused):
    folder.mkdir(parents=True, exist_ok=True)
    old = "memory" in folder.parts
    names = ("limit_in_bytes", "usage_in_bytes") if old else ("max", "current")
    for name, value in zip(names, (limit, usage), strict=True):
        (folder / f"memory.{name}").write_text(f"{value}\n")
    statistic = "total_inactive_file" if old else "inactive_file"
    (folder / "memory.stat").write_text(f"anon 5\n{statistic} {unused}\n")


@pytest.mark.parametrize(
    ("line", "folder"),
    [
        ("0::/", ""),
        ("0::/pod/app", "pod/app"),
        ("0::/pod/app", "pod"),  # one above it
        ("4:memory:/docker/abc", "memory/docker/abc"),
        ("4:memory:/docker/abc", "memory"),  # as it is seen from inside
    ],
)
def test_the_limit_of_a_container_counts(tmp_path, line, folder):
    (tmp_path / "membership").write_text(f"7:cpu,cpuacct:/elsewhere\n{line}\n")
    groups = tmp_path / "groups"
    write_group(groups / folder, 3000, 2000, 400)
    assert measure_free_memory(groups, tmp_path / "membership") == 1400
    write_group(groups / folder, 3000, 5000, 400)
    assert measure_free_memory(groups, tmp_path / "membership") == 0


@pytest.mark.parametrize("limit", ["max", str(2**63 - 4096)])
def test_without_a_limit_the_machine_counts(tmp_path, limit):
    (tmp_path / "membership").write_text("4:memory:/\n0::/\n")
    write_group(tmp_path / "groups", "max", 2000, 0)
    write_group(tmp_path / "groups" / "memory", limit, 2000, 0)
    free = measure_free_memory(tmp_path / "groups", tmp_path / "membership")
    assert free == pytest.approx(psutil.virtual_memory().available, rel=0.3)
    assert measure_free_memory(tmp_path, tmp_path / "nothing") > 2000
