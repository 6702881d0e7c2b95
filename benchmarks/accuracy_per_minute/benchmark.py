"""The benchmark ``accuracy_per_minute``: what this project reaches in so many minutes."""

from argparse import Namespace
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.accuracy import (
    ACCURACY,
    CPU_MINUTES,
    INTERVAL,
    MINUTES,
    TRAINING_MINUTES,
)
from benchmarks.contest import Benchmark, Contestant
from benchmarks.ingest.pictures import open_pictures
from benchmarks.machine import PROJECT
from benchmarks.project import clean_project, copy_project

SCRIPT = Path(__file__).parents[1] / "transfer" / "with_kedro.py"

PURPOSE = """What `kedro run` reaches, from the start of the process to the registered model with
its report, in about 1, 5 and 30 minutes on two cores: the digits of this project's sample (750 of
5,000 for the test), Fashion-MNIST and CIFAR-10 as JPEGs (each with its own 10,000 test pictures).
"""

SAMPLE, FASHION, CIFAR = "digits", "Fashion-MNIST", "CIFAR-10"


class Plan(NamedTuple):
    """A run for which there are so many minutes.

    Args:
        pictures: which ones.
        minutes: it should not take more on two cores.
        environment: ``--env``; ``None`` are the defaults.
        parameters: ``--params``, beside the source and the seed.
    """

    pictures: str
    minutes: int
    environment: str | None = None
    parameters: Mapping[str, Any] = {}

    def name(self) -> str:
        """Return what it is called in the tables."""
        return f"{self.pictures}, {self.minutes} min: {self.environment or 'defaults'}"


def _train(epochs: int, variants: int | None = None, **more: Any) -> dict[str, Any]:
    """Return parameters for so many epochs, each with other variants unless there are fewer."""
    copies = epochs if variants is None else variants
    return {"train.epochs": epochs, "augment.copies": copies, **more}


def _shrink(side: int) -> dict[str, Any]:
    """Return parameters for pictures of this side, in the probe and in fine-tuning."""
    return {"ingest.image_size": f"[{side},{side}]", "train.image_size": "null"}


# The epochs are estimates for two cores with bfloat16, to be corrected where a run takes longer
# than it may. Pictures of 32x32 are made 64x64 or 96x96 for a backbone, and no larger: at 224x224
# the pixels of CIFAR-10 alone are 9 GB.
PLANS = (
    Plan(SAMPLE, 1),
    Plan(SAMPLE, 5, "resnet9"),
    Plan(SAMPLE, 30, "resnet9", _train(100)),
    Plan(FASHION, 1, None, _train(1)),
    Plan(FASHION, 5, "resnet9", _train(2)),
    Plan(FASHION, 30, "resnet9", _train(14)),
    Plan(CIFAR, 1, None, _train(1)),
    Plan(CIFAR, 5, "resnet9", _train(1)),
    Plan(CIFAR, 5, "photos_probe", _shrink(64)),
    Plan(CIFAR, 30, "resnet9", _train(12)),
    Plan(CIFAR, 30, "photos", _train(3) | _shrink(96)),
)


def create_minutes(options: Namespace, work: Path) -> Benchmark:
    """Return the benchmark of this project's environments; those within ``--minutes``."""
    sources = {
        SAMPLE: PROJECT / "data" / "01_raw" / "digits.zip",
        FASHION: options.digits.resolve(),
        CIFAR: open_pictures(options.data, work).resolve(),
    }
    project = copy_project(work / "project-minutes")
    plans = [plan for plan in PLANS if plan.minutes <= options.minutes]
    return Benchmark(
        name="accuracy_per_minute",
        purpose=PURPOSE,
        contestants=[
            create_run(plan, project, sources[plan.pictures], options.seeds) for plan in plans
        ],
        references=[],
        timed=[ACCURACY, INTERVAL, MINUTES, CPU_MINUTES, TRAINING_MINUTES],
    )


def create_run(plan: Plan, project: Path, source: Path, seeds: int) -> Contestant:
    """Return a run of this project as a contestant."""
    chosen = ["--env", plan.environment] if plan.environment else []
    more = "".join(f",{name}={value}" for name, value in plan.parameters.items())
    return Contestant(
        name=plan.name(),
        arguments=[str(SCRIPT), *chosen],
        shown=" ".join(["kedro run", *chosen, f'--params "images=PICTURES,seed=SEED{more}"']),
        folder=project,
        packages=["kedro", "keras", "tensorflow-cpu"],
        prepare=partial(clean_project, project),
        vary=lambda number: ["--params", f"images={source},seed={number % seeds}{more}"],
    )
