"""How busy the machine is during a run, as MLflow's system metrics."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec

from onion_pipeline.errors import StoreOutageError
from onion_pipeline.registry.outage import ask_store
from onion_pipeline.registry.run_metrics import log_points

PREFIX = "system/"  # by which the MLflow UI knows them


def watch_machine(run_id: str, seconds: float) -> Callable[[], None]:
    """Log processor, memory, disk, network and GPU to a run until told to stop.

    MLflow's own monitor does the same in a thread that knows nothing of an outage, asks for the
    run before each measurement and warns when that fails; here its measurements alone are used.

    Args:
        run_id: the run.
        seconds: between two measurements.

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


def can_watch() -> bool:
    """Tell whether psutil, with which MLflow measures, is installed."""
    return find_spec("psutil") is not None


def _watch(run_id: str, seconds: float, stopped: threading.Event) -> None:
    logging.getLogger("mlflow.system_metrics").setLevel(logging.WARNING)
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

    monitor = SystemMetricsMonitor(run_id)
    monitor.collect_metrics()  # the load of the processor is that since the measurement before
    step = 1  # 0 are the figures of a test, which a model takes over from its run
    with suppress(StoreOutageError):  # which has been told
        while not stopped.wait(seconds):
            for each in monitor.monitors:
                each.clear_metrics()
            monitor.collect_metrics()
            measured = monitor.aggregate_metrics()
            with ask_store(observing=True):
                log_points(run_id, ((PREFIX + name, measured[name], step) for name in measured))
            step += 1
