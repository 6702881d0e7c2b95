"""The benchmark ``transfer``: from photographs and pretrained weights to a tested classifier."""

from argparse import Namespace
from functools import partial
from pathlib import Path

from benchmarks.accuracy import (
    ACCURACY,
    CPU_MINUTES,
    INTERVAL,
    MINUTES,
    TRAINING_CPU_MINUTES,
    TRAINING_MINUTES,
)
from benchmarks.contest import Benchmark, Contestant
from benchmarks.project import clean_project, copy_project
from benchmarks.scripts import Script, create_contestant
from benchmarks.transfer.photographs import prepare_photographs

HERE = Path(__file__).parent

TRANSFER = """From the start of a process to a classifier that has been tested, on {name}. All
begin with the same EfficientNet-Lite0 of ImageNet, have the same files to learn from and the same
ones for the test. This project fine-tunes for {epochs} epochs, Keras and PyTorch for {theirs}.
`onion_pipeline` is a whole `kedro run`, with its checks of the data, explanations, figures and the
registered model, which no peer has; *training alone* leaves out what it does before and after, and
for all of them reading the pictures and the test."""

TENSORFLOW = ["keras", "tensorflow-cpu"]
TORCH = ["torch", "torchvision", "efficientnet-lite-pytorch"]
LITE = "efficientnet-lite"
# Peers, with the sides of their pictures in pixels: those of this project where they gain by it.
PEERS = [
    Script("Keras, as in its guide", "keras", None, ["1e-5", "160"], TENSORFLOW),
    Script("Keras, at ten times its rate", "keras", None, ["1e-4", "160"], TENSORFLOW),
    Script("PyTorch", "pytorch", LITE, ["frozen", "160", "224"], TORCH),
    Script("PyTorch, batch normalisation learns", "pytorch", LITE, ["learns", "160", "224"], TORCH),
    Script("scikit-learn on features", "sklearn", None, ["288"], ["scikit-learn", *TENSORFLOW]),
]

PROBE, TUNED = "onion_pipeline, photos_probe", "onion_pipeline, photos"
SAME_WORK = {"test_images": 0}


def create_transfer(options: Namespace, work: Path) -> Benchmark:
    """Return the benchmark of this project and its peers on the same photographs."""
    pictures = prepare_photographs(options.data, options.photographs, work)
    project = copy_project(work / "project-transfer")
    name = options.data.name.partition(".")[0]
    epochs = options.tuning_epochs
    tuning = f"train.epochs={epochs},augment.copies={epochs}"
    return Benchmark(
        name=f"transfer, {name}",
        purpose=TRANSFER.format(
            name=describe_photographs(name, pictures), epochs=epochs, theirs=options.peer_epochs
        ),
        contestants=[
            create_own(PROBE, "photos_probe", "", project, pictures, options.seeds),
            create_own(TUNED, "photos", tuning, project, pictures, options.seeds),
            *(create_peer(peer, pictures, work, options) for peer in PEERS),
        ],
        references=[PROBE, TUNED],
        timed=[
            ACCURACY,
            INTERVAL,
            MINUTES,
            CPU_MINUTES,
            TRAINING_MINUTES,
            TRAINING_CPU_MINUTES,
        ],
        tolerances=SAME_WORK,
    )


def describe_photographs(name: str, pictures: Path) -> str:
    """Return what the photographs are and how many."""
    train, test = (sorted((pictures / split).glob("*/*")) for split in ("train", "test"))
    classes = len({path.parent.name for path in train})
    return f"`{name}` ({classes} classes, {len(train)} pictures to learn from, {len(test)} to test)"


def create_own(  # noqa: PLR0913, PLR0917
    name: str, environment: str, parameters: str, project: Path, pictures: Path, seeds: int
) -> Contestant:
    """Return this project in one of its environments as a contestant."""
    more = f",{parameters}" if parameters else ""
    return Contestant(
        name=name,
        arguments=[str(HERE / "with_kedro.py"), "--env", environment],
        shown=f"kedro run --env {environment} --params images=PICTURES,seed=SEED{more}",
        folder=project,
        packages=["kedro", *TENSORFLOW],
        prepare=partial(clean_project, project),
        vary=lambda number: ["--params", f"images={pictures},seed={number % seeds}{more}"],
    )


def create_peer(script: Script, pictures: Path, work: Path, options: Namespace) -> Contestant:
    """Return a peer as a contestant."""
    return create_contestant(
        script,
        HERE,
        work,
        [str(pictures), str(options.peer_epochs)],
        f"PICTURES {options.peer_epochs} SEED",
        vary=lambda number: [str(number % options.seeds)],
    )
