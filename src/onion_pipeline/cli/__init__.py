"""The commands of this project that differ from Kedro's own; Kedro looks for ``cli`` here.

See https://docs.kedro.org/en/stable/extend/common_use_cases/. Kedro imports this for each of its
commands, so that what ``kedro run`` needs is imported by ``kedro run`` alone.
"""

from typing import Any

from kedro.framework.cli.utils import LazyGroup

cli = LazyGroup(name="kedro", lazy_subcommands={"run": "onion_pipeline.cli.command.run"})


def __getattr__(name: str) -> Any:
    """Return ``run``, which Kedro looks for here if the package is run without its command."""
    if name == "run":
        from onion_pipeline.cli.command import run

        return run
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
