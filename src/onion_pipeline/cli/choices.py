"""What ``kedro run`` is asked to choose, found or refused before Kedro looks for it.

Kedro ends in a traceback for a name that is not there.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate
from typing import Any

from kedro.framework import project
from kedro.pipeline import Pipeline
from kedro.runner import AbstractRunner, ParallelRunner
from kedro.utils import load_obj

from onion_pipeline.errors import ConfigurationError, suggest
from onion_pipeline.workers.parallel import find_hindrance

DEFAULT = "__default__"
RUNNERS = ("SequentialRunner", "ThreadRunner", "ParallelRunner")


def _list_nodes(pipeline: Pipeline) -> set[str]:
    return {node.name for node in pipeline.nodes}


def _list_tags(pipeline: Pipeline) -> set[str]:
    return {tag for node in pipeline.nodes for tag in node.tags}


def _list_namespaces(pipeline: Pipeline) -> set[str]:
    names = {node.namespace for node in pipeline.nodes if node.namespace}
    return {part for name in names for part in accumulate(name.split("."), "{}.{}".format)}


def _list_datasets(pipeline: Pipeline) -> set[str]:
    return set(pipeline.datasets())


def _list_read(pipeline: Pipeline) -> set[str]:
    return {name for node in pipeline.nodes for name in node.inputs}


def _list_made(pipeline: Pipeline) -> set[str]:
    return set(pipeline.all_outputs())


# By the names of Kedro's options: how they are typed, what they choose, and what finds it.
SELECTIONS: dict[str, tuple[str, str, Callable[[Pipeline], set[str]]]] = {
    "tags": ("--tags", "tag", _list_tags),
    "node_names": ("--nodes", "node", _list_nodes),
    "from_nodes": ("--from-nodes", "node", _list_nodes),
    "to_nodes": ("--to-nodes", "node", _list_nodes),
    "from_inputs": ("--from-inputs", "input", _list_read),
    "to_outputs": ("--to-outputs", "output", _list_made),
    "namespaces": ("--namespaces", "namespace", _list_namespaces),
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
        _check_name("--load-versions", "dataset", name, _list_datasets, pipelines, pipelines)
    if asked:
        _check_selection(asked, chosen or [DEFAULT], pipelines)


def _check_selection(
    asked: Mapping[str, Iterable[str]], chosen: list[str], pipelines: Mapping[str, Pipeline]
) -> None:
    for option, names in asked.items():
        typed, kind, list_names = SELECTIONS[option]
        for name in names:
            _check_name(typed, kind, name, list_names, pipelines, chosen)
    combined = sum((pipelines[name] for name in chosen), Pipeline([]))
    try:
        combined.filter(**{_rename(option): names for option, names in asked.items()})
    except ValueError as error:
        typed = " ".join(f"{SELECTIONS[name][0]} {','.join(asked[name])}" for name in asked)
        raise ConfigurationError(
            f"No node is left to run: all that {typed} names is there, but no node of "
            f"{', '.join(chosen)} meets every one of them. Leave one out, or name others; "
            f"'kedro registry describe {chosen[0]}' lists the nodes in their order."
        ) from error


def _rename(option: str) -> str:
    return "node_namespaces" if option == "namespaces" else option


def _check_name(  # noqa: PLR0913, PLR0917
    option: str,
    kind: str,
    name: str,
    list_names: Callable[[Pipeline], set[str]],
    pipelines: Mapping[str, Pipeline],
    chosen: Iterable[str],
) -> None:
    known = set().union(*(list_names(pipelines[each]) for each in chosen))
    if name in known:
        return
    elsewhere = [each for each in pipelines if name in list_names(pipelines[each])]
    if elsewhere:
        raise ConfigurationError(
            f"{option}: the {kind} {name!r} is not in {', '.join(chosen)} but in "
            f"{', '.join(elsewhere)}: add --pipelines {elsewhere[0]}."
        )
    if any(name in _list_datasets(pipelines[each]) for each in chosen):
        raise ConfigurationError(f"{option}: {_describe_other_end(kind, name)}")
    if not known:
        others = ", ".join(sorted({typed for typed, *_ in SELECTIONS.values()} - {option}))
        raise ConfigurationError(
            f"{option}: no node has a {kind}, so there is no {name!r}. Choose by --pipelines, "
            f"{others}."
        )
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
    _check_processes(runner)
    allowed = set(inspect.signature(runner).parameters) - {"self"}
    for parameter, value in parameters.items():
        if parameter not in allowed:
            raise ConfigurationError(f"--runner-params: {suggest(parameter, allowed)}")
        if parameter == "max_workers" and not (type(value) is int and value > 0):
            raise ConfigurationError(
                f"--runner-params: max_workers is {value!r}; it must be a whole number from 1 on."
            )


def _check_processes(runner: Any) -> None:
    hindrance = find_hindrance() if issubclass(runner, ParallelRunner) else ""
    if hindrance:
        raise ConfigurationError(
            f"--runner: {runner.__name__} starts processes, but {hindrance}. Leave the option out, "
            "or name ThreadRunner."
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
