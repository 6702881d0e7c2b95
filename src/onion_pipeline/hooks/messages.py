"""What a run says of its nodes and of a mistake."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline.node import Node

from onion_pipeline.errors import OnionError

logger = logging.getLogger(__name__)

# Who says what is said here, or is no news to whoever asked for it.
OTHERS = (
    "kedro.pipeline.node",
    "kedro.runner.sequential_runner",
    "kedro_viz.integrations.kedro.run_hooks",
)
KNOWN = ("failed with error", "No nodes ran", "Workflow tracking is disabled")


class Messages:
    """Says each thing once: a line per node, and one message for a user's mistake."""

    @hook_impl
    def after_context_created(self) -> None:
        """Drop the lines of Kedro and Kedro-Viz that are no news."""
        for name in OTHERS:
            logging.getLogger(name).addFilter(_is_news)

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Say what happens next, in the words of the node's function."""
        logger.info("%s: %s", node.name, (node.func.__doc__ or "").partition("\n")[0])

    @hook_impl
    def on_pipeline_error(self, error: Exception, catalog: CatalogProtocol) -> None:
        """Show an :class:`OnionError` as its message alone."""
        show_as_message(error, catalog)


def _is_news(record: logging.LogRecord) -> bool:
    if find_onion_error(sys.exception()) and "nodes that have not run" in str(record.msg):
        return False  # how to resume: not before the mistake is mended
    return not any(known in str(record.msg) for known in KNOWN)


def find_onion_error(error: BaseException | None) -> OnionError | None:
    """Return the error of this project behind `error`: Kedro wraps what datasets raise."""
    if error is None or isinstance(error, OnionError):
        return error
    return find_onion_error(error.__cause__)


def show_as_message(error: BaseException, catalog: CatalogProtocol | None = None) -> None:
    """On the command line, end with the message of the :class:`OnionError` behind `error`.

    Where the error names a dataset of `catalog` that tells more, its path is added.

    Raises:
        ClickException: prints the message and exits with the code of the error.
    """
    known = find_onion_error(error)
    if known and click.get_current_context(silent=True):
        more = f" See {show_path(catalog, known.dataset)}" if catalog and known.dataset else ""
        shown = click.ClickException(f"{known}{more}")
        shown.exit_code = known.exit_code  # type: ignore[misc]
        raise shown from error


def show_path(catalog: CatalogProtocol, name: str) -> str:
    """Return the path of an artifact as seen from the current folder."""
    path = Path(str(catalog.get(name)._describe()["filepath"]))
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


@contextmanager
def mistakes_as_messages() -> Iterator[None]:
    """Show what an error of this block says, as at the end of a run."""
    try:
        yield
    except click.ClickException:
        raise  # shown already, with more than is known here
    except Exception as error:
        show_as_message(error)
        raise
