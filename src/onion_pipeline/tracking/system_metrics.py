"""How busy processor, memory, disk and network are during a run: MLflow's system metrics."""

import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from onion_pipeline.errors import StoreOutageError
from onion_pipeline.tracking.metrics import log_points
from onion_pipeline.tracking.outage import ask_store

PREFIX = "system/"  # by which the MLflow UI knows them

# Held while it measures and logs, and by whoever forks: a worker of ParallelRunner that is forked
# while another thread imports, or asks the database, would wait for the lock of that for ever.
_at_work = threading.RLock()
if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(
        before=_at_work.acquire,
        after_in_parent=_at_work.release,
        after_in_child=_at_work.release,
    )


def watch_system(run_id: str, seconds: float) -> Callable[[], None]:
    """Log processor, memory, disk, network and GPU to a run every so many seconds.

    MLflow's own monitor does the same in a thread that knows nothing of an outage, asks for the
    run before each measurement and warns when that fails; here its measurements alone are used.

    Returns:
        A function that stops it; it returns when nothing more is written.
    """
    stopped = threading.Event()
    # A daemon: a process that is about to end does not wait for the next measurement.
    thread = threading.Thread(
        target=_watch, args=(run_id, seconds, stopped), name="system metrics", daemon=True
    )
    thread.start()

    def stop() -> None:
        stopped.set()
        thread.join()

    return stop


def _watch(run_id: str, seconds: float, stopped: threading.Event) -> None:
    logging.getLogger("mlflow.system_metrics").setLevel(logging.WARNING)
    with _at_work:
        from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

        monitor = SystemMetricsMonitor(run_id)
        # The load of the processor is that since the measurement before.
        monitor.collect_metrics()
    step = 1  # 0 are the figures of a test, which a model takes over from its run
    with suppress(StoreOutageError):  # which has been told
        while not stopped.wait(seconds):
            with _at_work:
                _log_measurement(monitor, run_id, step)
            step += 1


def _log_measurement(monitor: Any, run_id: str, step: int) -> None:
    for each in monitor.monitors:
        each.clear_metrics()
    monitor.collect_metrics()
    measured = monitor.aggregate_metrics()
    with ask_store(observing=True):
        log_points(run_id, ((PREFIX + name, measured[name], step) for name in measured))
