"""The one seam through which work over many images goes."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

# Two workers start about as fast as this process does four jobs (0.5 s against 0.1 s a job).
WORTH_A_POOL = 4

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
        TerminatedWorkerError: a worker was killed, for example for want of memory.
    """
    from tqdm import tqdm

    hidden = None if title else True  # None: unless standard error is a terminal
    with tqdm(total=len(jobs), desc=title, unit="chunk", disable=hidden, leave=False) as bar:
        for result in _map(function, jobs, workers or count_processors()):
            yield result
            bar.update()


def _map(function: Callable[[Job], Result], jobs: Sequence[Job], workers: int) -> Iterator[Result]:
    if workers == 1 or len(jobs) < WORTH_A_POOL:
        yield from map(function, jobs)
        return
    # Not concurrent.futures: its "fork" deadlocks beside TensorFlow's threads, its "spawn"
    # imports the main module, and so all of Kedro's command line, again in each worker. These
    # workers also stay for the next call.
    from loky import get_reusable_executor

    pool = get_reusable_executor(workers)
    waiting = iter(jobs)
    running = deque(pool.submit(function, job) for job in islice(waiting, 2 * workers))
    try:
        while running:
            yield running.popleft().result()
            running.extend(pool.submit(function, job) for job in islice(waiting, 1))
    finally:
        for future in running:
            future.cancel()


def start_pool(prepare: Callable[[], object]) -> None:
    """Start the processes of :func:`map_chunks` without waiting for them.

    Args:
        prepare: called in each, to import what the first job will need; importable by name.
    """
    from loky import get_reusable_executor

    workers = count_processors()
    pool = get_reusable_executor(workers)
    for _ in range(workers):
        pool.submit(_call, prepare)


def _call(prepare: Callable[[], object]) -> None:
    prepare()  # what it returns may be nothing that can be sent back


def count_processors() -> int:
    """Return how many processors this process may use (containers grant fewer than exist)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
