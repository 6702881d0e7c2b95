import click
import pytest
from kedro.framework.hooks.manager import _create_hook_manager

from onion_pipeline.errors import LockedError
from onion_pipeline.hooks.run_lock import RunLock
from onion_pipeline.storage.locks import hold_lock


class Other:
    """A hook that is called while the lock should be held, and may refuse the run."""

    def __init__(self, path, error=None):
        self.path, self.error, self.seen = path, error, []

    def look(self):
        try:
            hold_lock(self.path, "other").__enter__()
        except LockedError as error:
            self.seen.append(str(error))
        if self.error:
            raise self.error


@pytest.fixture
def start(make_context, tmp_path):
    """A function that makes the hooks of a run beside another hook's, and gives both."""
    from kedro.framework.hooks import hook_impl

    def make(error=None):
        class Watching(Other):
            @hook_impl
            def before_pipeline_run(self):
                self.look()

            @hook_impl
            def on_pipeline_error(self):
                self.look()

            after_pipeline_run = on_pipeline_error

        manager, other = _create_hook_manager(), Watching(tmp_path / "data/.run.lock", error)
        manager.register(other)
        manager.register(RunLock())
        manager.hook.after_context_created(context=make_context())
        return manager.hook, other

    return make


RUN = {"run_params": {"pipeline_names": ["ingest", "train"]}, "pipeline": None, "catalog": None}
ENDS = {
    "after_pipeline_run": {"run_result": {}, **RUN},
    "on_pipeline_error": {"error": KeyError(), **RUN},
}


@pytest.mark.parametrize("end", ENDS)
def test_the_lock_is_held_around_all_other_hooks_and_then_given_back(start, end, tmp_path):
    for _ in range(2):  # in a notebook
        hook, other = start()
        hook.before_pipeline_run(**RUN)
        getattr(hook, end)(**ENDS[end])
        assert ["runs ingest, train" in text for text in other.seen] == [True, True]


def test_a_run_that_another_hook_refuses_leaves_no_lock(start):
    hook, _ = start(KeyError("refused"))
    with pytest.raises(KeyError):
        hook.before_pipeline_run(**RUN)
    hook, _ = start()
    hook.before_pipeline_run(**RUN)
    hook.after_pipeline_run(**ENDS["after_pipeline_run"])


def test_a_run_inside_another_is_refused_and_the_outer_one_keeps_its_lock(start):
    outer, other = start()
    outer.before_pipeline_run(**RUN)
    inner, _ = start()
    with pytest.raises(LockedError):
        inner.before_pipeline_run(**RUN)
    with click.Context(click.Command("run")), pytest.raises(click.ClickException) as caught:
        inner.before_pipeline_run(**RUN)
    assert (caught.value.exit_code, "Another run" in caught.value.message) == (1, True)
    outer.after_pipeline_run(**ENDS["after_pipeline_run"])
    assert len(other.seen) == 2
