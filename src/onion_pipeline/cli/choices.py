"""What ``kedro run`` is asked to choose, found or refused before Kedro looks for it.

Kedro ends in a traceback for a name that is not there.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kedro.framework import project
from kedro.pipeline import Pipeline
from kedro.runner import AbstractRunner, ParallelRunner
from kedro.utils import load_obj

from onion_pipeline.errors import ConfigurationError, suggest
from onion_pipeline.workers.parallel import find_hindrance

RUNNERS = ("SequentialRunner", "ThreadRunner", "ParallelRunner")
# What the options name, by their names in Kedro's command: how each is typed, and of which kind.
SELECTIONS = {
    "tags": ("--tags", "tag"),
    "node_names": ("--nodes", "node"),
    "from_nodes": ("--from-nodes", "node"),
    "to_nodes": ("--to-nodes", "node"),
    "from_inputs": ("--from-inputs", "input"),
    "to_outputs": ("--to-outputs", "output"),
    "namespaces": ("--namespaces", "namespace"),
}
# What a pipeline has of each kind.
LISTS: dict[str, Callable[[Pipeline], set[str]]] = {
    "dataset": Pipeline.datasets,
    "input": Pipeline.all_inputs,
    "output": Pipeline.all_outputs,
    "node": lambda pipeline: {node.name for node in pipeline.nodes},
    "tag": lambda pipeline: {tag for node in pipeline.nodes for tag in node.tags},
    "namespace": lambda pipeline: {
        each for node in pipeline.nodes for each in node.namespace_prefixes
    },
}


def check_choices(options: Mapping[str, Any]) -> None:
    """Check all names that the options of ``kedro run`` give to pipelines, nodes and the like.

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
        _check_name(("--load-versions", "dataset"), name, pipelines, pipelines)
    if asked:
        _check_selection(asked, chosen or ["__default__"], pipelines)


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
        typed = " ".join(f"{SELECTIONS[name][0]} {','.join(asked[name])}" for name in asked)
        raise ConfigurationError(
            f"No node is left to run: all that {typed} names is there, but no node of "
            f"{', '.join(chosen)} meets every one of them. Leave one out, or name others; "
            f"'kedro registry describe {chosen[0]}' lists the nodes in their order."
        ) from error


def _check_name(
    choice: tuple[str, str], name: str, pipelines: Mapping[str, Pipeline], chosen: Iterable[str]
) -> None:
    option, kind = choice
    names = {each: LISTS[kind](pipelines[each]) for each in pipelines}
    known = set().union(*(names[each] for each in chosen))
    if name in known:
        return
    elsewhere = [each for each in pipelines if name in names[each]]
    if elsewhere:
        message = (
            f"the {kind} {name!r} is not in {', '.join(chosen)} but in "
            f"{', '.join(elsewhere)}: add --pipelines {elsewhere[0]}."
        )
    elif any(name in pipelines[each].datasets() for each in chosen):
        message = (
            f"no node makes {name!r}: it is only read, and is what --from-inputs takes."
            if kind == "output"
            else f"no node reads {name!r}: it is only made, and is what --to-outputs takes."
        )
    elif not known:
        others = sorted({each for each, _ in SELECTIONS.values()} - {option})
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
