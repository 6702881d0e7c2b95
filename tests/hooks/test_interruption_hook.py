import os
import signal
from contextlib import suppress

import click
import pytest
from kedro.framework.hooks import hook_impl
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog
from kedro.pipeline import Node, Pipeline
from kedro.runner import SequentialRunner, ThreadRunner

from onion_pipeline.errors import InterruptedRunError
from onion_pipeline.hooks.interruption import Interruption
from onion_pipeline.hooks.messages import Messages, find_onion_error


class Stopped:
    """Stops the run while hooks before it are still at work."""

    @hook_impl
    def before_pipeline_run(self):
        stop()


class Greedy:
    """Takes whatever comes for an error of its own."""

    @hook_impl
    def before_node_run(self):
        with suppress(Exception):
            stop()


def stop():
    os.kill(os.getpid(), signal.SIGTERM)


def make_hooks(*others):
    manager = _create_hook_manager()
    for hook in (*others, Interruption()):
        manager.register(hook)
    return manager


def run(manager, runner, node):
    """Run one node as a Kedro session does."""
    run = {"run_params": {}, "pipeline": Pipeline([node]), "catalog": DataCatalog()}
    manager.hook.before_pipeline_run(**run)
    try:
        runner.run(run["pipeline"], run["catalog"], manager)
    except Exception as error:
        manager.hook.on_pipeline_error(error=error, **run)
        raise


@pytest.mark.parametrize("runner", [SequentialRunner, ThreadRunner])
def test_a_signal_reaches_the_hooks_as_an_error(runner):
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(InterruptedRunError):
        run(make_hooks(), runner(), Node(stop, None, "stopped", name="stop"))
    assert signal.getsignal(signal.SIGTERM) == before


def test_on_the_command_line_it_is_a_message_with_the_exit_code_of_the_signal():
    with click.Context(click.Command("run")), pytest.raises(click.ClickException) as caught:
        run(make_hooks(Messages()), SequentialRunner(), Node(stop, None, "stopped", name="stop"))
    assert caught.value.exit_code == 143
    assert find_onion_error(caught.value).exit_code == 143


def test_a_signal_before_the_first_node_is_a_message_as_well():
    before = signal.getsignal(signal.SIGTERM)
    with click.Context(click.Command("run")), pytest.raises(click.ClickException) as caught:
        make_hooks(Stopped()).hook.before_pipeline_run(run_params={}, pipeline=None, catalog=None)
    assert caught.value.exit_code == 143
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_hook_that_swallows_all_errors_does_not_keep_a_run_going():
    with pytest.raises(InterruptedRunError):
        run(make_hooks(Greedy()), SequentialRunner(), Node(pytest.fail, None, "made", name="made"))
