"""What ``kedro run`` is asked to choose, found or refused before Kedro looks for it.

Kedro ends in a traceback for a name that is not there.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from kedro.framework import project
from kedro.pipeline import Pipeline
from kedro.runner import AbstractRunner, ParallelRunner
from kedro.utils import load_obj

from onion_pipeline.errors import ConfigurationError, suggest
from onion_pipeline.workers.parallel import find_hindrance

DEFAULT = "__default__"
RUNNERS = ("SequentialRunner", "ThreadRunner", "ParallelRunner")


class Choice(NamedTuple):
    """What an option names: how it is typed, of which kind that is, and what a pipeline has."""

    option: str
    kind: str
    list_names: Callable[[Pipeline], set[str]]


def _list_nodes(pipeline: Pipeline) -> set[str]:
    return {node.name for node in pipeline.nodes}


def _list_tags(pipeline: Pipeline) -> set[str]:
    return {tag for node in pipeline.nodes for tag in node.tags}


def _list_namespaces(pipeline: Pipeline) -> set[str]:
    return {prefix for node in pipeline.nodes for prefix in node.namespace_prefixes}


VERSIONS = Choice("--load-versions", "dataset", Pipeline.datasets)
# By the names of the options in Kedro's command.
SELECTIONS = {
    "tags": Choice("--tags", "tag", _list_tags),
    "node_names": Choice("--nodes", "node", _list_nodes),
    "from_nodes": Choice("--from-nodes", "node", _list_nodes),
    "to_nodes": Choice("--to-nodes", "node", _list_nodes),
    "from_inputs": Choice("--from-inputs", "input", Pipeline.all_inputs),
    "to_outputs": Choice("--to-outputs", "output", Pipeline.all_outputs),
    "namespaces": Choice("--namespaces", "namespace", _list_namespaces),
}


def check_choices(options: Mapping[str, Any]) -> None:
    """Check all names that the options of ``kedro run`` give to pipelines, nodes and the like.

    Args:
        options: as Kedro's command takes them.

    Raises:
        ConfigurationError: names the option, and the nearest name that there is.
    """
    _check_runner(options.get("runner"), options.get("runner_params") or {})
    chosen = [*(options.get("pipelines") or ()), *filter(None, [options.get("pipeline")])]
    asked = {name: options[name] for name in SELECTIONS if options.get(name)}
    versions = options.get("load_versions") or {}
    if not (chosen or asked or versions):
        return  # the registry is asked for nothing
    pipelines = project.pipelines  # Kedro's own, which the run asks again
    for name in chosen:
        if name not in pipelines:
            raise ConfigurationError(f"--pipelines: {suggest(name, pipelines)}")
    for name in versions:
        _check_name(VERSIONS, name, pipelines, pipelines)
    if asked:
        _check_selection(asked, chosen or [DEFAULT], pipelines)


def _check_selection(
    asked: Mapping[str, Iterable[str]], chosen: list[str], pipelines: Mapping[str, Pipeline]
) -> None:
    for option, names in asked.items():
        for name in names:
            _check_name(SELECTIONS[option], name, pipelines, chosen)
    combined = sum((pipelines[name] for name in chosen), Pipeline([]))
    filters = {name.replace("namespaces", "node_namespaces"): asked[name] for name in asked}
    try:
        combined.filter(**filters)
    except ValueError as error:
        typed = " ".join(f"{SELECTIONS[name].option} {','.join(asked[name])}" for name in asked)
        raise ConfigurationError(
            f"No node is left to run: all that {typed} names is there, but no node of "
            f"{', '.join(chosen)} meets every one of them. Leave one out, or name others; "
            f"'kedro registry describe {chosen[0]}' lists the nodes in their order."
        ) from error


def _check_name(
    choice: Choice, name: str, pipelines: Mapping[str, Pipeline], chosen: Iterable[str]
) -> None:
    option, kind, list_names = choice
    known = set().union(*(list_names(pipelines[each]) for each in chosen))
    if name in known:
        return
    elsewhere = [each for each in pipelines if name in list_names(pipelines[each])]
    if elsewhere:
        message = (
            f"the {kind} {name!r} is not in {', '.join(chosen)} but in "
            f"{', '.join(elsewhere)}: add --pipelines {elsewhere[0]}."
        )
    elif any(name in pipelines[each].datasets() for each in chosen):
        message = _describe_other_end(kind, name)
    elif not known:
        others = sorted({each.option for each in SELECTIONS.values()} - {option})
        message = (
            f"no node has a {kind}, so there is no {name!r}. Choose by --pipelines, "
            f"{', '.join(others)}."
        )
    else:
        message = suggest(name, known)
        if message.endswith(" names."):  # too many to be shown there
            is_data = kind in {"dataset", "input", "output"}
            listing = "catalog describe-datasets" if is_data else "registry describe"
            message += f" 'kedro {listing}' lists them."
    raise ConfigurationError(f"{option}: {message}")


def _describe_other_end(kind: str, name: str) -> str:
    if kind == "output":
        return f"no node makes {name!r}: it is only read, and is what --from-inputs takes."
    return f"no node reads {name!r}: it is only made, and is what --to-outputs takes."


def _check_runner(name: str | None, parameters: Mapping[str, Any]) -> None:
    runner = _find_runner(name or RUNNERS[0])
    hindrance = find_hindrance() if issubclass(runner, ParallelRunner) else ""
    if hindrance:
        raise ConfigurationError(
            f"--runner: {runner.__name__} starts processes, but {hindrance}. Leave the option out, "
            "or name ThreadRunner."
        )
    allowed = set(inspect.signature(runner).parameters)
    for parameter, value in parameters.items():
        if parameter not in allowed:
            raise ConfigurationError(f"--runner-params: {suggest(parameter, allowed)}")
        if parameter == "max_workers" and not (type(value) is int and value > 0):
            raise ConfigurationError(
                f"--runner-params: max_workers is {value!r}; it must be a whole number from 1 on."
            )


def _find_runner(name: str) -> Any:
    try:
        runner = load_obj(name, "kedro.runner")
    except (AttributeError, ImportError, ValueError) as error:
        raise ConfigurationError(f"--runner: {suggest(name, RUNNERS)}") from error
    is_runner = inspect.isclass(runner) and issubclass(runner, AbstractRunner)
    if not is_runner or inspect.isabstract(runner):
        raise ConfigurationError(f"--runner: {name} runs no pipeline. {suggest(name, RUNNERS)}")
    return runner
