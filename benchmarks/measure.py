"""Run a command and measure what it took: time, CPU and the memory of all its processes."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

SAMPLE_SECONDS = 0.05
# Between two samples so many times as long as the last one took: of large processes, the
# kernel needs a tenth of a second, and all of a training's time would go into it.
PAUSES = 9


@dataclass(frozen=True)
class Run:
    """What one run of a command took.

    Args:
        seconds: from its start to its end.
        cpu_seconds: of all its processes, in user and system mode.
        answer: the JSON object of its last line on stdout.
        held_bytes: peak of anonymous and shared memory, all processes; NaN if not sampled.
        mapped_bytes: peak of mapped files (libraries, arrays on disk); NaN if not sampled.
    """

    seconds: float
    cpu_seconds: float
    answer: dict[str, Any]
    held_bytes: float = float("nan")
    mapped_bytes: float = float("nan")


class MemorySampler(Thread):
    """Watches the proportional set size (PSS) of a process and its descendants.

    PSS shares a page out among the processes that have it, so that forked workers do not count
    their parent's memory again. The kernel needs up to 20 ms to tell it, in which the process
    stands still: runs that are sampled must not be timed.
    """

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.held_bytes = self.mapped_bytes = float("nan")
        self._root = root
        self._ended = Event()

    def run(self) -> None:
        """Sample until :meth:`stop`."""
        took = 0.0
        while not self._ended.wait(max(SAMPLE_SECONDS, PAUSES * took)):
            began = time.perf_counter()
            sizes = [size for pid in list_processes(self._root) if (size := read_memory(pid))]
            if sizes:
                held, mapped = (sum(column) for column in zip(*sizes, strict=True))
                # In this order, max() replaces the first NaN.
                self.held_bytes = max(held, self.held_bytes)
                self.mapped_bytes = max(mapped, self.mapped_bytes)
            took = time.perf_counter() - began

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        self.join()


def list_processes(root: int) -> Iterator[int]:
    """Yield `root` and its descendants.

    Source: https://docs.kernel.org/filesystems/proc.html, ``/proc/<pid>/task/<tid>/children``.
    """
    yield root
    with suppress(OSError):  # it has ended meanwhile
        for task in Path(f"/proc/{root}/task").iterdir():
            with suppress(OSError):
                for child in (task / "children").read_text().split():
                    yield from list_processes(int(child))


def read_memory(pid: int) -> tuple[int, int] | None:
    """Return a process' held and mapped memory in bytes; ``None`` if it has ended.

    Source: https://docs.kernel.org/filesystems/proc.html, ``smaps_rollup``.
    """
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return None
    sizes = {
        name: int(rest.split()[0]) * 1024 for name, _, rest in (x.partition(":") for x in lines)
    }
    return sizes["Pss_Anon"] + sizes["Pss_Shmem"], sizes["Pss_File"]


def run_command(
    command: Sequence[str],
    folder: Path,
    work: Path,
    sample_memory: bool = False,
    variables: Mapping[str, str] | None = None,
) -> Run:
    """Run a command and measure it.

    Args:
        command: its last line on stdout is a JSON object.
        folder: the working directory.
        work: a ``TMPDIR`` of its own is made there, and removed afterwards.
        sample_memory: watch its memory, which slows it down.
        variables: of its environment, beside those of this process.

    Raises:
        RuntimeError: it failed, or its last line on stdout is no JSON object; with the end of
            what it wrote to stderr.
    """
    scratch = Path(tempfile.mkdtemp(dir=work, prefix="scratch-"))
    try:
        return _run_in(scratch, command, folder, sample_memory, variables or {})
    finally:
        shutil.rmtree(scratch)


def _run_in(
    scratch: Path,
    command: Sequence[str],
    folder: Path,
    sample_memory: bool,
    variables: Mapping[str, str],
) -> Run:
    # Else the disk would still write what the contestant before has left in its cache.
    os.sync()
    output, errors = scratch / "stdout", scratch / "stderr"
    (scratch / "tmp").mkdir()
    environment = {**os.environ, **variables, "TMPDIR": str(scratch / "tmp")}
    with output.open("wb") as stdout, errors.open("wb") as stderr:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=stdout, stderr=stderr
        )
        sampler = MemorySampler(process.pid)
        if sample_memory:
            sampler.start()
        # wait4 alone knows the CPU time of this child and of those that it has waited for.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if sample_memory:
        sampler.stop()
    answer = _read_answer(command, process.returncode, output, errors)
    return Run(
        seconds,
        usage.ru_utime + usage.ru_stime,
        answer,
        sampler.held_bytes,
        sampler.mapped_bytes,
    )


def _read_answer(command: Sequence[str], code: int, output: Path, errors: Path) -> dict[str, Any]:
    lines = output.read_text().splitlines()
    if code == 0 and lines:
        with suppress(json.JSONDecodeError):
            answer = json.loads(lines[-1])
            if isinstance(answer, dict):
                return answer
    end = "\n".join((lines + errors.read_text(errors="replace").splitlines())[-20:])
    raise RuntimeError(
        f"{' '.join(command)} ended with {code} and without a JSON object on its last line:\n{end}"
    )
