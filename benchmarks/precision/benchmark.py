"""The benchmark ``precision``: what bfloat16 gains, and for which networks it loses."""

from argparse import Namespace
from functools import partial
from pathlib import Path

from benchmarks.contest import Benchmark, Figure
from benchmarks.measure import Run
from benchmarks.scripts import Script, create_scripts

HERE = Path(__file__).parent

PRECISION = """Training steps of this project in float32 and in bfloat16 on all cores, pictures in
memory: a network of plain convolutions, one of depthwise and 1x1 convolutions with frozen batch
normalisation, as in a pretrained MobileNet or EfficientNet, and one of separable convolutions.
The rule of `train.precision: auto` is from here."""

PACKAGES = ["keras", "tensorflow-cpu"]
CONTESTANTS = [
    Script("float32", "onion", None, ["float32"], PACKAGES),
    Script("bfloat16", "onion", None, ["mixed_bfloat16"], PACKAGES),
]
NETWORKS = ("plain", "depthwise", "separable")


def create_precision(options: Namespace, work: Path) -> Benchmark:
    """Return the benchmark of both precisions on the same networks."""
    return Benchmark(
        name="precision",
        purpose=PRECISION,
        contestants=create_scripts(CONTESTANTS, HERE, work, str(options.seconds)),
        references=["float32"],
        timed=[
            Figure(f"{network}, images per CPU s", partial(read_speed, network))
            for network in NETWORKS
        ],
    )


def read_speed(network: str, run: Run) -> float:
    """Return the images of `network` that were learned from per second of CPU time."""
    return float(run.answer[network])
