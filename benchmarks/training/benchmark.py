"""The benchmark ``training``: from the start of a process to a tested classifier."""

import math
from argparse import Namespace
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.contest import (
    CPU,
    HELD_MEMORY,
    MAPPED_FILES,
    WHOLE_PROCESS,
    Benchmark,
    Contestant,
    Figure,
)
from benchmarks.measure import Run
from benchmarks.project import clean_project, copy_project
from benchmarks.scripts import Script, create_contestant
from benchmarks.training.digits import prepare_digits

HERE = Path(__file__).parent

TRAINING = """From the start of a process to a classifier that has been tested: the same network
from its first weights, {epochs} epochs over {images} pictures of 28x28 in grey, each picture
turned, sheared, shifted, zoomed and mirrored anew in each epoch, an accuracy on held-out
pictures after each epoch and on test pictures at the end. `onion_pipeline` is a `kedro run` that
ends there; `onion_pipeline, whole run` also looks for near-duplicates, reports on the data, draws
figures and registers the model, which no peer does."""

SAME_WORK = {"training_images": 0, "validation_images": 0, "test_images": 0}

# As the peers do it. The test is given; of the rest, one picture of twelve is for validation.
PARAMETERS: dict[str, Any] = {
    "ingest": {
        "near_duplicates": "ignore",
        "fractions": {"train": 0.66, "validation": 0.06, "test": 0.28},
    },
    "augment": {
        "keep": False,
        "transforms": [
            {
                "Affine": {
                    "rotate": [-10, 10],
                    "shear": [-5, 5],
                    "translate_percent": [-0.07, 0.07],
                    "scale": [0.9, 1.1],
                    "p": 1.0,
                }
            },
            {"HorizontalFlip": {"p": 0.5}},
        ],
    },
    "train": {
        "batch_size": 128,
        "optimizer": "adam",
        "learning_rate": 0.001,
        "schedule": "constant",
        "early_stopping": None,
        "class_weights": None,
        "precision": "auto",
        "variants_per_epoch": 1,
    },
}

TENSORFLOW = ["keras", "tensorflow-cpu"]
TORCH = ["torch", "torchvision"]
PEERS = [
    Script("Keras ImageDataGenerator", "keras_generator", "keras", [], TENSORFLOW),
    Script("Keras layers in tf.data", "keras_layers", "keras", ["data"], TENSORFLOW),
    Script("torchvision, each picture", "torchvision", "torchvision", [], TORCH),
    Script("PyTorch, whole batches", "tensors", "torchvision", [], TORCH),
    Script("fastai", "fastai", "fastai", [], ["fastai", *TORCH]),
]


def create_training(options: Namespace, work: Path) -> Benchmark:
    """Return the benchmark of this project and its peers on the same pictures."""
    digits = prepare_digits(options.digits, options.training_images, work)
    own = "onion_pipeline"
    return Benchmark(
        name="training",
        purpose=TRAINING.format(epochs=options.epochs, images=options.training_images // 12 * 11),
        contestants=[
            create_own(own, digits, work, options, whole=False),
            *(create_peer(peer, digits, work, options) for peer in PEERS),
            create_own(f"{own}, whole run", digits, work, options, whole=True),
        ],
        references=[own],
        timed=[
            WHOLE_PROCESS,
            CPU,
            Figure("after the first epoch, images per s", read_speed),
            Figure(
                f"to {100 * options.accuracy:g} % in validation, s",
                partial(read_seconds_to, options.accuracy),
            ),
            Figure(
                "test accuracy (mean), %",
                lambda run: 100 * run.answer["test_accuracy"],
                compared=False,
                middle=mean,
            ),
            Figure(
                "waits for pictures, % of training",
                lambda run: 100 * run.answer["waiting"],
                compared=False,
            ),
        ],
        sampled=[HELD_MEMORY, MAPPED_FILES],
        tolerances=SAME_WORK,
    )


def choose_parameters(epochs: int, whole: bool) -> dict[str, Any]:
    """Return the parameters of this project: a variant of each picture for each epoch."""
    chosen = {section: dict(values) for section, values in PARAMETERS.items()}
    chosen["augment"]["copies"] = chosen["train"]["epochs"] = epochs
    if whole:
        del chosen["ingest"]["near_duplicates"]
    return chosen


def create_own(name: str, digits: Path, work: Path, options: Namespace, whole: bool) -> Contestant:
    """Return this project as a contestant, the whole of it or up to the test, in its own copy."""
    folder = work / ("project-training-whole" if whole else "project-training")
    project = copy_project(folder, choose_parameters(options.epochs, whole))
    ending = [] if whole else ["--to-outputs", "metrics"]
    return Contestant(
        name=name,
        arguments=[str(HERE / "with_kedro.py"), *ending],
        shown=" ".join(["kedro run --params images=IDX,seed=SEED,ingest.seed=SEED", *ending]),
        folder=project,
        packages=["kedro", *TENSORFLOW],
        prepare=partial(clean_project, project),
        vary=lambda number: [
            "--params",
            "images={0},seed={1},ingest.seed={1}".format(digits, number % options.seeds),
        ],
    )


def create_peer(script: Script, digits: Path, work: Path, options: Namespace) -> Contestant:
    """Return a peer as a contestant."""
    return create_contestant(
        script,
        HERE,
        work,
        [str(digits), str(options.epochs)],
        f"IDX {options.epochs} SEED",
        vary=lambda number: [str(number % options.seeds)],
    )


def read_speed(run: Run) -> float:
    """Return training images per second, validation included; NaN if there is one epoch."""
    ends = run.answer["epoch_ends"]
    seconds, epochs = ends[-1] - ends[0], len(ends) - 1
    return epochs * run.answer["training_images"] / seconds if epochs else math.nan


def read_seconds_to(accuracy: float, run: Run) -> float:
    """Return the seconds to the end of the first epoch of that accuracy, or infinity."""
    epochs = zip(run.answer["epoch_ends"], run.answer["validation_accuracy"], strict=True)
    return next((end for end, reached in epochs if reached >= accuracy), math.inf)
