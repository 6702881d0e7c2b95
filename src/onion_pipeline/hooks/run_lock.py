"""Two runs in one project do not collide: the second one stops at once."""

from collections.abc import Generator
from contextlib import ExitStack
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl

from onion_pipeline.hooks.messages import mistakes_as_messages
from onion_pipeline.storage.locks import hold_lock


class RunLock:
    """Holds a lock around a run, and around all that the other hooks do about it."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Remember where the project is."""
        self._path = context.project_path / "data" / ".run.lock"

    @hook_impl(wrapper=True)
    def before_pipeline_run(self, run_params: dict[str, Any]) -> Generator[None, Any, Any]:
        """Take the lock before the others begin, and keep it unless one refuses the run."""
        names = run_params["pipeline_names"] or ["the default pipeline"]
        with ExitStack() as stack:
            with mistakes_as_messages():
                stack.enter_context(hold_lock(self._path, ", ".join(names)))
            found = yield
            self._held = stack.pop_all()
        return found

    @hook_impl(wrapper=True)
    def after_pipeline_run(self) -> Generator[None, Any, Any]:
        """Give the lock back when the others have finished."""
        with self._held:
            return (yield)

    on_pipeline_error = after_pipeline_run
