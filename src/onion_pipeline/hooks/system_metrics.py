"""How busy a run keeps processor, memory, disk and network."""

from collections.abc import Callable

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl

from onion_pipeline.tracking import runs, system_metrics


class SystemMetrics:
    """Measures them every few seconds while a tracked run is under way.

    ``system_metrics`` in ``mlflow.yml`` says how often, or ``null`` for never.
    """

    def __init__(self) -> None:
        self._stop: Callable[[], None] | None = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Remember how often to measure."""
        self._seconds = context.config_loader["mlflow"].get("system_metrics")

    @hook_impl(trylast=True)
    def before_pipeline_run(self) -> None:
        """Begin once Tracking has started a run."""
        run_id = runs.read_run_id()
        if run_id and self._seconds and system_metrics.can_watch():
            self._stop = system_metrics.watch_system(run_id, self._seconds)

    @hook_impl(tryfirst=True)
    def after_pipeline_run(self) -> None:
        """Stop before Tracking ends the run."""
        if self._stop:
            self._stop()
            self._stop = None

    on_pipeline_error = after_pipeline_run
