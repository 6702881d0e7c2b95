import os

import pytest
from kedro.framework.hooks import hook_impl
from kedro.framework.hooks.manager import _create_hook_manager

from onion_pipeline.hooks import SystemMetrics
from onion_pipeline.tracking import runs, system_metrics


class OneRun:
    """As Tracking does: names a run while it is under way."""

    run_id = "abc"

    @hook_impl
    def before_pipeline_run(self):
        if self.run_id:
            os.environ[runs.RUN_ID] = self.run_id

    @hook_impl
    def after_pipeline_run(self):
        os.environ.pop(runs.RUN_ID, None)

    on_pipeline_error = after_pipeline_run


@pytest.fixture
def seen(monkeypatch):
    """What is measured and how often, and of which run that ended."""
    seen = []

    def watch(run_id, seconds):
        seen.append((run_id, seconds))
        return lambda: seen.append(runs.read_run_id())

    monkeypatch.setattr(system_metrics, "watch_system", watch)
    monkeypatch.setattr(system_metrics, "can_watch", lambda: True)
    monkeypatch.setenv(runs.RUN_ID, "")
    monkeypatch.delenv(runs.RUN_ID)
    return seen


@pytest.fixture(params=[(SystemMetrics, OneRun), (OneRun, SystemMetrics)])
def run_hooks(request, make_context, seen):
    """A function that calls the hooks of a run, in whichever order they are registered."""
    manager = _create_hook_manager()
    for hook in request.param:
        manager.register(hook())

    def run(seconds=5, failed=False):
        context = make_context()
        context.config_loader["mlflow"]["system_metrics"] = seconds
        manager.hook.after_context_created(context=context)
        given = {"run_params": {}, "pipeline": None, "catalog": None}
        manager.hook.before_pipeline_run(**given)
        if failed:
            manager.hook.on_pipeline_error(error=OSError(), **given)
        else:
            manager.hook.after_pipeline_run(run_result={}, **given)

    return run


@pytest.mark.parametrize("failed", [False, True])
def test_the_machine_is_watched_while_a_run_is_under_way(run_hooks, seen, failed):
    run_hooks(failed=failed)
    assert seen == [("abc", 5), "abc"]


def test_nothing_is_measured_where_the_configuration_says_so(run_hooks, seen):
    run_hooks(seconds=None)
    assert seen == []


def test_nothing_is_measured_of_a_run_that_is_not_tracked(run_hooks, seen, monkeypatch):
    monkeypatch.setattr(OneRun, "run_id", None)
    run_hooks()
    assert seen == []


def test_nothing_is_measured_without_psutil(run_hooks, seen, monkeypatch):
    monkeypatch.setattr(system_metrics, "can_watch", lambda: False)
    run_hooks()
    assert seen == []
