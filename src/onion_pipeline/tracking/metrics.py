"""Numbers as MLflow plots and compares them: of a test, of the epochs, of the folds."""

import math
import time
from collections.abc import Iterable, Mapping
from typing import Any

from onion_pipeline.annotations import DataFrame
from onion_pipeline.tracking.mlflow_client import import_client

# The tag by which the MLflow UI shows a run below another one.
PARENT = "mlflow.parentRunId"
SHARED = "validation_"


def log_points(run_id: str, points: Iterable[tuple[str, float, int]]) -> None:
    """Log names, values and steps as metrics, without the values that are not finite."""
    client = import_client()
    from mlflow.entities import Metric

    now = round(time.time() * 1000)
    finite = [
        Metric(name, value, now, step)
        for name, value, step in points
        if isinstance(value, int | float) and math.isfinite(value)
    ]
    client.log_batch(run_id, metrics=finite)


def log_figures(run_id: str, figures: Mapping[str, Any], prefix: str) -> None:
    """Log the numbers among `figures` as metrics, pairs as ``<name>_low`` and ``<name>_high``.

    Args:
        run_id: the run.
        figures: for example ``{"accuracy": 0.98, "accuracy_interval": [0.97, 0.99]}``; one that
            is ``None`` has no value.
        prefix: put before each name, such as ``test/``; keeps the names apart from those
            of the epochs.
    """
    flat: dict[str, Any] = {}
    for name, value in figures.items():
        match value:
            case [low, high]:
                flat |= {f"{name}_low": low, f"{name}_high": high}
            case _:
                flat[name] = value
    log_points(run_id, ((prefix + name, value, 0) for name, value in flat.items()))


def log_history(run_id: str, history: DataFrame) -> None:
    """Log each numeric column of a training history as a metric over its epochs.

    Where it has two phases, those of the training are called ``probe/loss`` and so on: they are of
    other losses, on other pictures. Those of the validation are of the same ones in both.
    """
    points = history.select_dtypes("number").melt("epoch")
    names, values, steps = (points[each].tolist() for each in ("variable", "value", "epoch"))
    if "phase" in history and history["phase"].nunique() > 1:
        phases = history.set_index("epoch")["phase"]
        names = [
            name if name.startswith(SHARED) else f"{phases[step]}/{name}"
            for name, step in zip(names, steps, strict=True)
        ]
    log_points(run_id, zip(names, values, steps, strict=True))


def log_child_runs(run_id: str, histories: DataFrame, column: str) -> None:
    """Log training histories as one run each, which the MLflow UI shows below the run `run_id`.

    `column` tells them apart, as ``fold`` does; a child is named by it, and tagged with it.
    """
    client = import_client()
    experiment = client.get_run(run_id).info.experiment_id
    for value, history in histories.groupby(column):
        tags = {PARENT: run_id, column: str(value)}
        child = client.create_run(experiment, tags=tags, run_name=f"{column} {value}")
        log_history(child.info.run_id, history.drop(columns=column))
        client.set_terminated(child.info.run_id)
