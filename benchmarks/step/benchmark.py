"""The benchmark ``step``: training images per second, and the share of the machine they use."""

from argparse import Namespace
from functools import partial
from pathlib import Path

from benchmarks.contest import Benchmark, Figure
from benchmarks.measure import Run
from benchmarks.scripts import Script, create_scripts
from benchmarks.step.networks import BF16, TASKS

HERE = Path(__file__).parent

STEP = """One step of training after the other, of pictures in memory, on all cores: images per
second, per second of CPU time, and the multiply-adds per second as a share of those of the
tool's own product of two matrices of 2048x2048 in float32, forward and backward counted as three
times forward. The share can pass 100 % where bfloat16 is used."""

TENSORFLOW = ["keras", "tensorflow-cpu"]
CONTESTANTS = [
    Script("onion_pipeline", "onion", None, [], TENSORFLOW),
    Script("Keras fit", "keras", "keras", [], TENSORFLOW),
    Script("PyTorch", "pytorch", "torchvision", ["contiguous"], ["torch"]),
    Script("PyTorch, channels last", "pytorch", "torchvision", ["channels_last"], ["torch"]),
]
# Compiling the three networks takes more than two minutes: not for the short form.
COMPILED = Script("PyTorch, compiled", "pytorch", "torchvision", ["compile"], ["torch"])
ONLY_WITH_BF16 = Script("PyTorch, bfloat16", "pytorch", "torchvision", ["bf16"], ["torch"])


def create_step(options: Namespace, work: Path) -> Benchmark:
    """Return the benchmark of this project and its peers on the same networks."""
    contestants = [
        *CONTESTANTS,
        *([] if options.short else [COMPILED]),
        *([ONLY_WITH_BF16] if BF16 else []),
    ]
    return Benchmark(
        name="step",
        purpose=STEP,
        contestants=create_scripts(contestants, HERE, work, str(options.seconds)),
        references=[CONTESTANTS[0].name],
        timed=[figure for task in TASKS for figure in create_figures(task.name)],
    )


def create_figures(name: str) -> list[Figure]:
    """Return the figures of the network `name`; the first one is compared."""
    return [
        Figure(f"{name}, images per s", partial(read_number, name, "images_per_second")),
        Figure(
            f"{name}, images per CPU s",
            partial(read_number, name, "images_per_cpu_second"),
            compared=False,
        ),
        Figure(
            f"{name}, % of products",
            lambda run: 100 * read_number(name, "share_of_gemm", run),
            compared=False,
        ),
    ]


def read_number(network: str, number: str, run: Run) -> float:
    """Return a number that was reported of a network."""
    return float(run.answer[network][number])
