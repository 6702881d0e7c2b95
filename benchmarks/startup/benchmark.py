"""The benchmark ``startup``: what a person waits for before anything happens."""

import subprocess
import sys
from argparse import Namespace
from pathlib import Path

from benchmarks.contest import CPU, HELD_MEMORY, WHOLE_PROCESS, Benchmark, Contestant
from benchmarks.machine import PROJECT
from benchmarks.project import copy_project

HERE = Path(__file__).parent
SAMPLE = PROJECT / "data" / "01_raw" / "digits.zip"

STARTUP = """What a person waits for before anything happens: the list of pipelines, and the first
call into TensorFlow that trains, of pictures that are prepared already. Nothing that trains with
TensorFlow can be sooner than `import tensorflow`, which is therefore beside them."""

TENSORFLOW = "import tensorflow"


def create_startup(options: Namespace, work: Path) -> Benchmark:
    """Return the benchmark of this project's start and of an import alone."""
    project = prepare_project(work / "project-startup")
    train = ["run", "--pipelines", "train"]
    return Benchmark(
        name="startup",
        purpose=STARTUP,
        contestants=[
            create_command("kedro registry list", project, ["registry", "list"]),
            create_command("kedro run, to its first step", project, train),
            Contestant(
                name=TENSORFLOW,
                arguments=["-c", f"{TENSORFLOW}; print('{{}}')"],
                shown=f'python -c "{TENSORFLOW}"',
                folder=work,
                packages=["tensorflow-cpu"],
            ),
        ],
        references=[TENSORFLOW],
        timed=[WHOLE_PROCESS, CPU],
        sampled=[HELD_MEMORY],
    )


def create_command(name: str, project: Path, arguments: list[str]) -> Contestant:
    """Return a command of this project as a contestant."""
    return Contestant(
        name=name,
        arguments=[str(HERE / "with_kedro.py"), *arguments],
        shown=" ".join(["kedro", *arguments]),
        folder=project,
        packages=["kedro"],
    )


def prepare_project(target: Path) -> Path:
    """Copy the project and prepare the sample, up to where training begins."""
    project = copy_project(target)
    pipelines = ["--pipelines", "ingest,augment,build", "--params", f"images={SAMPLE}"]
    command = [sys.executable, "-m", "kedro", "run", *pipelines]
    prepared = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    if prepared.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{prepared.stdout}{prepared.stderr}")
    return project
