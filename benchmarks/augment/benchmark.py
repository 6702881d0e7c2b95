"""The benchmark ``augment``: augmented pictures per second and core."""

from argparse import Namespace
from functools import partial
from pathlib import Path

from benchmarks.augment.pictures import SHAPES, name_shape
from benchmarks.contest import Benchmark, Figure
from benchmarks.measure import Run
from benchmarks.scripts import Script, create_scripts

HERE = Path(__file__).parent

AUGMENT = """Variants of pictures in memory, in one process on one thread, as images per second
of CPU time: mirrored, turned, sheared, shifted and scaled, changed in brightness and contrast
(in colour also in saturation and hue), with a hole or two. The transforms of this project and of
albumentations are the same, the others their nearest equivalents."""

TORCH = ["torch", "torchvision"]
CONTESTANTS = [
    Script("onion_pipeline", "onion", None, [], ["albumentations", "numpy"]),
    Script(
        "albumentations, each picture", "albumentations", "albumentations", [], ["albumentations"]
    ),
    Script("torchvision, each picture", "torchvision", "torchvision", ["each"], TORCH),
    Script("Keras layers, whole batches", "keras", "keras", [], ["keras", "tensorflow-cpu"]),
    Script("PyTorch, whole batches", "torchvision", "torchvision", ["batch"], TORCH),
]


def create_augment(options: Namespace, work: Path) -> Benchmark:
    """Return the benchmark of this project and its peers."""
    shapes = map(name_shape, SHAPES)
    return Benchmark(
        name="augment",
        purpose=AUGMENT,
        contestants=create_scripts(CONTESTANTS, HERE, work, str(options.seconds)),
        references=[CONTESTANTS[0].name],
        timed=[Figure(f"{name}, images per CPU s", partial(read_speed, name)) for name in shapes],
    )


def read_speed(shape: str, run: Run) -> float:
    """Return the images per CPU second of pictures of `shape`."""
    return float(run.answer[shape])
