import math
import os
import time

import pytest

from onion_pipeline.images import parallel
from onion_pipeline.images.parallel import WORTH_A_POOL, count_processors, map_chunks


# Workers are started anew and find these two by name.
def square_slowly(job: int) -> int:
    time.sleep(0.05 if job % 2 == 0 else 0)
    return job * job


def name_process(_: int) -> int:
    return os.getpid()


class CountedJobs(list):
    taken = 0

    def __iter__(self):
        for job in super().__iter__():
            self.taken += 1
            yield job


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("count", [0, 1, WORTH_A_POOL - 1, WORTH_A_POOL, 3 * WORTH_A_POOL])
def test_results_come_in_the_order_of_the_jobs(workers, count):
    found = list(map_chunks(square_slowly, range(count), workers))
    assert found == [job * job for job in range(count)]


@pytest.mark.parametrize(("workers", "count"), [(1, WORTH_A_POOL), (2, WORTH_A_POOL - 1)])
def test_little_work_stays_in_this_process(workers, count):
    assert set(map_chunks(name_process, range(count), workers)) == {os.getpid()}


def test_much_work_goes_to_other_processes():
    assert os.getpid() not in set(map_chunks(name_process, range(WORTH_A_POOL), 2))


def test_at_most_two_jobs_a_worker_are_under_way():
    jobs = CountedJobs(range(100))
    results = map_chunks(square_slowly, jobs, 2)
    next(results)
    assert jobs.taken <= 4
    results.close()


def test_one_worker_takes_a_job_when_its_result_is_wanted():
    jobs = CountedJobs(range(100))
    next(map_chunks(square_slowly, jobs, 1))
    assert jobs.taken == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_job_reaches_the_caller(workers):
    with pytest.raises(ValueError, match="nonnegative"):
        list(map_chunks(math.isqrt, [-1] * WORTH_A_POOL, workers))


def test_without_a_number_all_processors_work(monkeypatch):
    monkeypatch.setattr(parallel, "count_processors", lambda: 1)
    assert set(map_chunks(name_process, range(WORTH_A_POOL))) == {os.getpid()}


def test_granted_processors_are_counted(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert count_processors() == 3


def test_existing_processors_are_counted_where_grants_are_unknown(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert count_processors() == os.cpu_count()
