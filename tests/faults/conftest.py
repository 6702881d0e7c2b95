"""Runs in processes of their own, which are then disturbed."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

DIGITS = Path(__file__).parents[2] / "data/01_raw/digits.zip"
HIDDEN = ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "PYTHONPATH")


@pytest.fixture
def project(copy_project, empty_store) -> Path:
    """A copy of the project, with a database that MLflow has made."""
    project = copy_project()
    shutil.copy(empty_store, project / "mlflow.db")
    return project


class Run:
    """A ``kedro run`` that is under way, in a session of its own as on a terminal.

    Args:
        project: where.
        arguments: of ``kedro``.
        variables: added to the environment.
    """

    def __init__(self, project: Path, *arguments: str, **variables: str) -> None:
        kept = {name: value for name, value in os.environ.items() if name not in HIDDEN}
        self.said = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kedro", *arguments],
            cwd=project,
            env={**kept, "COLUMNS": "200", **variables},
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait_for(self, text: str) -> None:
        for line in self.process.stdout:
            self.said += line
            if text in line:
                return
        raise AssertionError(f"{text!r} was not said: {self.said}")

    def wait(self) -> int:
        """Return the exit code, once all processes of the run that can write have ended."""
        self.said += self.process.communicate(timeout=120)[0]
        return self.process.returncode

    def kill_all(self) -> None:
        for process in self.find_processes():
            os.kill(process, signal.SIGKILL)
        self.process.communicate()

    def find_processes(self, part: str = "") -> list[int]:
        """Return the processes of this run with `part` in their command lines."""
        listed = subprocess.run(
            ["ps", "-o", "pid=,stat=,args=", "-s", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.splitlines()
        lines = [line.split(maxsplit=2) for line in listed if part in line]
        return [int(line[0]) for line in lines if not line[1].startswith("Z")]


@pytest.fixture
def start_kedro(project):
    """A function that starts ``kedro`` in `project`, and leaves no process behind."""
    started: list[Run] = []

    def start(*arguments: str, **variables: str) -> Run:
        started.append(Run(project, *arguments, **variables))
        return started[-1]

    yield start
    for run in started:
        run.kill_all()


@pytest.fixture
def start_ingest(start_kedro):
    """A function that starts ``ingest``, on the sample unless other images are named."""

    def start(images: Path | str | None = None, *arguments: str, **variables: str) -> Run:
        parameters = ("--params", f"images={images or DIGITS}")
        return start_kedro("run", "--pipelines", "ingest", *parameters, *arguments, **variables)

    return start
