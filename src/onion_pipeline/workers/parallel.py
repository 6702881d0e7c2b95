"""The one place that spreads work on many images over processes."""

import logging
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice
from multiprocessing import Lock, resource_tracker
from typing import Any, TypeVar

from onion_pipeline.errors import WorkerError
from onion_pipeline.workers.signals import follow_parent

logger = logging.getLogger(__name__)

# Two workers start about as fast as this process does four jobs (0.5 s against 0.1 s a job).
WORTH_A_POOL = 4
AHEAD = 2  # jobs of each worker that are under way

Job = TypeVar("Job")
Result = TypeVar("Result")


def map_chunks(
    function: Callable[[Job], Result],
    jobs: Sequence[Job],
    workers: int | None = None,
    title: str = "",
) -> Iterator[Result]:
    """Yield ``function(job)`` for each of `jobs`, in their order, from several processes.

    The results do not depend on the number of workers. At most two jobs a worker are under
    way, so that a consumer which writes each result as it comes needs little memory.

    Args:
        function: importable by name and free of side effects.
        jobs: what `function` takes; small, since it is sent to another process.
        workers: number of processes; all of this process' processors if ``None``. A few jobs
            run here: starting a process costs more than they do.
        title: names the work on a progress bar, which only a terminal shows; none if empty.

    Raises:
        WorkerError: a worker was killed, for example for want of memory, and so was the one
            that did its job again.
    """
    from tqdm import tqdm

    hidden = None if title else True  # None: unless standard error is a terminal
    with tqdm(total=len(jobs), desc=title, unit="chunk", disable=hidden, leave=False) as bar:
        for result in _map(function, jobs, workers or count_processors(), title):
            yield result
            bar.update()


def _map(
    function: Callable[[Job], Result], jobs: Sequence[Job], workers: int, title: str
) -> Iterator[Result]:
    if workers == 1 or len(jobs) < WORTH_A_POOL or find_hindrance():
        yield from map(function, jobs)
        return
    from loky.process_executor import TerminatedWorkerError

    done = lost = 0
    while done < len(jobs):
        try:
            for result in _map_in_pool(function, islice(jobs, done, None), workers):
                yield result
                done += 1
        except TerminatedWorkerError as error:
            if done < lost:
                raise WorkerError(
                    f"A worker process was killed twice over the same chunks ({title or 'images'})"
                    ": by the system, probably, for want of memory ('dmesg' says so), or by a "
                    "fault in a library. Let fewer work at a time, for example: taskset --cpu-list "
                    "0 kedro run. Smaller pictures (ingest.image_size) take less as well."
                ) from error
            lost = done + AHEAD * workers  # those before it were under way, and are made again


def _map_in_pool(
    function: Callable[[Job], Result], jobs: Iterator[Job], workers: int
) -> Iterator[Result]:
    pool = _open_pool(workers)
    running: deque[Any] = deque()
    try:
        running.extend(_submit(pool, function, job) for job in islice(jobs, AHEAD * workers))
        while running:
            yield running.popleft().result()
            running.extend(_submit(pool, function, job) for job in islice(jobs, 1))
    finally:
        for future in running:
            future.cancel()


def start_pool(prepare: Callable[[], object]) -> None:
    """Start the processes of :func:`map_chunks` without waiting for them.

    `prepare`, importable by name, is called in each, to import what the first job will need.
    """
    if find_hindrance():
        return
    workers = count_processors()
    pool = _open_pool(workers)
    for _ in range(workers):
        _submit(pool, _call, prepare)


@cache
def find_hindrance() -> str:
    """Return why no worker can be started; ``""`` where nothing hinders it.

    Processes share locks, which Linux keeps in ``/dev/shm``: a container may have it read-only.
    Then all work is done in this process, and a warning says so, once.
    """
    try:
        Lock()
    except (ImportError, OSError) as error:  # the former where a system has no such locks
        reason = f"no other process can share its work: {error}"
        logger.warning(
            "This run takes longer than it must, since %s. It may help to mount /dev/shm such that "
            "it can be written to, for example: docker run --tmpfs /dev/shm",
            reason,
        )
        return reason
    return ""


def _open_pool(workers: int) -> Any:
    # Not concurrent.futures: its "fork" deadlocks beside TensorFlow's threads, its "spawn"
    # imports the main module, and so all of Kedro's command line, again in each worker. These
    # workers also stay for the next call, however late it is: loky warns of one that ends, as idle
    # ones do after ten seconds, just when there is work again (joblib/joblib#869).
    from loky import get_reusable_executor

    resource_tracker.ensure_running()  # it hears signals again that its starter did not want to
    return get_reusable_executor(
        workers, timeout=None, initializer=_prepare, initargs=(os.getpid(),)
    )


def _submit(pool: Any, function: Callable[[Job], object], job: Job) -> Any:
    """Start the workers, if need be, deaf to the Ctrl-C that a terminal sends to all processes.

    It is this one that ends them. What is blocked here is so in processes that begin here.
    """
    if not hasattr(signal, "pthread_sigmask"):
        return pool.submit(function, job)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.submit(function, job)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _prepare(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # one that loky itself has started in between
    follow_parent(parent)


def _call(prepare: Callable[[], object]) -> None:
    prepare()  # what it returns may be nothing that can be sent back


def count_processors() -> int:
    """Return how many processors this process may use (containers grant fewer than exist)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
