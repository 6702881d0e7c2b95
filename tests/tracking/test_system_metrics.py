import os
import sys
import threading
import warnings
from types import ModuleType, SimpleNamespace

import pytest

from onion_pipeline.tracking import outage
from onion_pipeline.tracking.mlflow_client import import_client
from onion_pipeline.tracking.runs import start_run
from onion_pipeline.tracking.system_metrics import watch_system


class Monitor:
    """Measures as MLflow's does, and says when it has done so three times."""

    monitors = (SimpleNamespace(clear_metrics=lambda: None),)

    def __init__(self, run_id):
        self.measured = 0

    def collect_metrics(self):
        self.measured += 1

    def aggregate_metrics(self):
        if self.measured == 3:
            self.thrice.set()
        return {"cpu_utilization_percentage": 10.0 * self.measured}


@pytest.fixture
def thrice(monkeypatch):
    """An event; psutil, without which MLflow's monitor cannot be imported, may not be there."""
    module = ModuleType("mlflow.system_metrics.system_metrics_monitor")
    module.SystemMetricsMonitor = Monitor
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(Monitor, "thrice", threading.Event(), raising=False)
    return Monitor.thrice


def list_threads():
    return [thread for thread in threading.enumerate() if thread.name == "system metrics"]


def test_measurements_are_logged_until_it_is_stopped(mlflow_store, thrice):
    run_id = start_run("onions", "photos", mlflow_store, {}, {})
    stop = watch_system(run_id, 0.01)
    assert thrice.wait(60)
    stop()
    assert list_threads() == []
    points = import_client().get_metric_history(run_id, "system/cpu_utilization_percentage")
    assert [(point.step, point.value) for point in points[:2]] == [(1, 20.0), (2, 30.0)]


def test_a_long_interval_is_not_waited_for(mlflow_store, thrice):
    stop = watch_system(start_run("onions", "photos", mlflow_store, {}, {}), 3600)
    stop()
    assert list_threads() == []
    assert not thrice.is_set()


def test_it_ends_with_mlflow(fake_mlflow, thrice):
    fake_mlflow("refuses")
    outage.watch_store()
    stop = watch_system("abc", 0.01)
    (thread,) = list_threads() or [threading.Thread()]
    if thread.ident:
        thread.join(60)
    assert not thread.is_alive()
    assert outage.find_outage()
    stop()
    outage.forget_store()


def fork_once(done):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12, of just this danger
        child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    done.set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")
def test_nobody_forks_while_it_is_at_work(mlflow_store, thrice, monkeypatch):
    begun, released, forked = threading.Event(), threading.Event(), threading.Event()

    def collect_slowly(self):
        begun.set()
        assert released.wait(60)

    monkeypatch.setattr(Monitor, "collect_metrics", collect_slowly)
    stop = watch_system(start_run("onions", "photos", mlflow_store, {}, {}), 3600)
    assert begun.wait(60)
    threading.Thread(target=fork_once, args=(forked,), daemon=True).start()
    assert not forked.wait(0.5)
    released.set()
    assert forked.wait(60)
    stop()
