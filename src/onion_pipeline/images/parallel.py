"""The one seam through which work over many images goes."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from typing import TypeVar

# A worker imports this package and, under `kedro run`, Kedro: about as long as eight jobs take.
WORTH_A_POOL = 8

Job = TypeVar("Job")
Result = TypeVar("Result")


def map_chunks(
    function: Callable[[Job], Result], jobs: Sequence[Job], workers: int | None = None
) -> Iterator[Result]:
    """Yield ``function(job)`` for each of `jobs`, in their order, from several processes.

    The results do not depend on the number of workers. At most two jobs a worker are under
    way, so that a consumer which writes each result as it comes needs little memory.

    Args:
        function: importable by name and free of side effects.
        jobs: what `function` takes; small, since it is sent to another process.
        workers: number of processes; all of this process' processors if ``None``. Fewer than
            eight jobs run here: starting a process costs more than they do.

    Raises:
        BrokenProcessPool: a worker was killed, for example for want of memory.
    """
    workers = workers or count_processors()
    if workers == 1 or len(jobs) < WORTH_A_POOL:
        yield from map(function, jobs)
        return
    # Not "fork": a process in which TensorFlow's threads run cannot be forked safely.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = iter(jobs)
        running = deque(pool.submit(function, job) for job in islice(waiting, 2 * workers))
        while running:
            yield running.popleft().result()
            running.extend(pool.submit(function, job) for job in islice(waiting, 1))


def count_processors() -> int:
    """Return how many processors this process may use (containers grant fewer than exist)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
