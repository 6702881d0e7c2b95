import errno
import math
import os
import signal
import time
from pathlib import Path

import pytest

from onion_pipeline.cli.choices import check_choices
from onion_pipeline.errors import ConfigurationError, WorkerError
from onion_pipeline.workers import parallel
from onion_pipeline.workers.parallel import WORTH_A_POOL, count_processors, map_chunks


# Workers are started anew and find these two by name.
def square_slowly(job: int) -> int:
    time.sleep(0.05 if job % 2 == 0 else 0)
    return job * job


def name_process(_: int) -> int:
    return os.getpid()


def square_unless_killed(job: tuple[int, str]) -> int:
    number, marker = job
    if number == 5 and not (marker and Path(marker).exists()):
        if marker:
            Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def read_blocked_signals(_: int) -> set[signal.Signals]:
    return signal.pthread_sigmask(signal.SIG_BLOCK, ())


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


@pytest.fixture
def no_shared_locks(monkeypatch):
    """Locks as they are where /dev/shm cannot be written to."""

    def refuse():
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    parallel.find_hindrance.cache_clear()
    monkeypatch.setattr(parallel, "Lock", refuse)
    yield
    parallel.find_hindrance.cache_clear()


def test_without_shared_locks_all_work_stays_in_this_process(no_shared_locks, caplog):
    parallel.start_pool(name_process)
    for _ in range(2):
        found = list(map_chunks(name_process, range(WORTH_A_POOL), 2))
        assert found == [os.getpid()] * WORTH_A_POOL
    (said,) = caplog.messages
    assert "Read-only file system" in said
    assert "docker run --tmpfs /dev/shm" in said


def test_then_the_runner_that_starts_processes_is_refused(no_shared_locks):
    check_choices({"runner": "ThreadRunner"})
    with pytest.raises(ConfigurationError, match="ParallelRunner starts processes, but no other"):
        check_choices({"runner": "ParallelRunner"})


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


@pytest.mark.slow
def test_the_job_of_a_worker_that_was_killed_is_done_again(tmp_path):
    jobs = [(number, str(tmp_path / "killed")) for number in range(12)]
    found = list(map_chunks(square_unless_killed, jobs, 2))
    assert found == [number * number for number in range(12)]
    assert (tmp_path / "killed").exists()


@pytest.mark.slow
def test_a_job_that_has_its_worker_killed_each_time_is_a_named_error():
    results = map_chunks(square_unless_killed, [(n, "") for n in range(12)], 2, title="decode")
    found = []
    with pytest.raises(WorkerError, match=r"killed twice .*\(decode\).*memory.*taskset"):
        found.extend(results)
    assert found == [number * number for number in range(len(found))]


@pytest.mark.slow
def test_after_a_worker_was_killed_there_are_new_ones():
    with pytest.raises(WorkerError):
        list(map_chunks(square_unless_killed, [(n, "") for n in range(12)], 2))
    assert list(map_chunks(square_slowly, range(4), 2)) == [0, 1, 4, 9]


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals are not blocked here")
def test_workers_do_not_hear_the_ctrl_c_of_a_terminal():
    blocked = list(map_chunks(read_blocked_signals, range(WORTH_A_POOL), 2))
    assert all(signal.SIGINT in signals for signals in blocked)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
