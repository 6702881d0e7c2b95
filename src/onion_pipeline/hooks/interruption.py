"""Ctrl-C and SIGTERM end a run as an error does: the other hooks hear of it."""

import multiprocessing
import os
from collections.abc import Callable, Generator
from contextlib import ExitStack
from typing import Any

from kedro.framework.hooks import hook_impl

from onion_pipeline.hooks.messages import mistakes_as_messages
from onion_pipeline.workers.signals import follow_parent, hear_signals


class Interruption:
    """Listens during a run: Kedro calls no hook for ``KeyboardInterrupt``, nor for SIGTERM."""

    _followed: int | None = None

    def __init__(self) -> None:
        self._check: Callable[[], None] = lambda: None

    @hook_impl(wrapper=True)
    def before_pipeline_run(self) -> Generator[None, Any, Any]:
        """Begin to listen before the other hooks do anything."""
        with mistakes_as_messages(), ExitStack() as stack:
            self._check = stack.enter_context(hear_signals())
            found = yield
            self._heard = stack.pop_all()
        return found

    @hook_impl(trylast=True)
    def before_dataset_saved(self) -> None:
        """End the run if somebody has swallowed the error: hooks of Kedro-Viz take all."""
        self._check()

    @hook_impl(trylast=True)
    def before_node_run(self) -> None:
        """Do so here as well, and let a process of ParallelRunner end with its parent."""
        self._check()
        parent = multiprocessing.parent_process()
        if parent and parent.pid != self._followed:
            self._followed = parent.pid
            follow_parent(os.getppid())

    @hook_impl(wrapper=True)
    def after_pipeline_run(self) -> Generator[None, Any, Any]:
        """Listen no more when the others have finished."""
        with mistakes_as_messages(), self._heard:
            return (yield)

    on_pipeline_error = after_pipeline_run
