"""``kedro run``: texts arrive as they were typed, and what is mistyped ends in one message."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.cli.utils import KedroCliError
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from onion_pipeline.cli.choices import check_choices
from onion_pipeline.errors import ConfigurationError
from onion_pipeline.hooks.messages import mistakes_as_messages
from onion_pipeline.runtime_parameters import read_parameters


class RunCommand(click.Command):
    """Kedro's command with other words for a mistake."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options."""
        with _show_option_mistakes():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run, if all that is named is there."""
        with _show_option_mistakes():
            check_choices(ctx.params)
            return super().invoke(ctx)


@contextmanager
def _show_option_mistakes() -> Iterator[None]:
    """Show what is wrong: Kedro prints ``NoneType: None`` for most of its own errors here."""
    try:
        with mistakes_as_messages():
            yield
    except KedroCliError as error:
        raise click.ClickException(error.message) from error


def _read_params(context: click.Context, option: click.Parameter, given: Any) -> Any:
    return given if isinstance(given, dict) else read_parameters(given)


def _read_config(context: click.Context, option: click.Parameter, path: Any) -> Any:
    known = next(each for each in kedro_run.params if each.name == "config").callback
    try:
        return known(context, option, path) if known else path
    except (AttributeError, KeyError, OmegaConfBaseException, TypeError, YAMLError) as error:
        raise ConfigurationError(
            f"--config {path} holds no options: it must be a YAML file with the names of the "
            f"options below '{context.info_name}:', for example 'params: {{seed: 7}}'."
        ) from error


CALLBACKS = {"params": _read_params, "config": _read_config}


def _adapt(option: click.Parameter) -> click.Parameter:
    adapted = copy(option)
    adapted.callback = CALLBACKS.get(option.name or "", option.callback)
    return adapted


run = RunCommand(
    kedro_run.name,
    callback=kedro_run.callback,
    params=[_adapt(option) for option in kedro_run.params],
    help=kedro_run.help,
)
