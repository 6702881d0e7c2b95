"""What the catalog says of an entry and MLflow: ``metadata: {mlflow: {...}}``.

``folder``: the file goes there, among the artifacts of the run. ``metrics``: its numbers are
metrics, with this prefix. ``history: true``: its columns are metrics over the epochs.
``child_runs: fold``: it holds several histories, and each value of that column gets a run below
the run. ``datasets: true``: its rows are the images of the run.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol

from onion_pipeline.errors import StoreOutageError
from onion_pipeline.reporting import run_description
from onion_pipeline.tracking import dataset_inputs, metrics, outage, runs
from onion_pipeline.tracking.mlflow_client import import_client


def read_rules(catalog: CatalogProtocol, name: str) -> dict[str, Any]:
    """Return what the catalog says of an entry and MLflow; nothing of most."""
    if name.startswith("params:") or name == "parameters":
        return {}
    return (getattr(catalog.get(name), "metadata", None) or {}).get("mlflow", {})


def log_entry(catalog: CatalogProtocol, name: str) -> None:
    """Log an entry as its rules say, unless there is no run under way or no MLflow."""
    run_id, rules = runs.read_run_id(), read_rules(catalog, name)
    if not run_id or outage.find_outage():
        return
    path = str(catalog.get(name)._describe()["filepath"])
    content: Any = catalog.load(name) if set(rules) - {"folder"} else None
    with suppress(StoreOutageError), outage.ask_store(observing=True):
        if "folder" in rules:
            import_client().log_artifact(run_id, path, rules["folder"])
        if "metrics" in rules:
            metrics.log_figures(run_id, content, rules["metrics"])
        if "child_runs" in rules:
            metrics.log_child_runs(run_id, content, rules["child_runs"])
        if rules.get("history"):
            metrics.log_history(run_id, content)
        if rules.get("datasets"):
            dataset_inputs.log_datasets(run_id, content, *find_data(catalog))


def log_earlier_entries(catalog: CatalogProtocol, made: set[str]) -> None:
    """Log what earlier runs have left and this one, which makes `made`, does not make anew."""
    # Not for other runs: looking at an entry imports the libraries of its type.
    for name in sorted(set(catalog) - made):
        if read_rules(catalog, name) and catalog.exists(name):
            log_entry(catalog, name)


def describe_run(catalog: CatalogProtocol, made: set[str]) -> None:
    """Give the run its description and the tags by which one finds it again.

    A model that is registered alone was made of what earlier runs have left.
    """
    run_id = runs.read_run_id()
    if not run_id or outage.find_outage():
        return
    names = (
        run_description.DESCRIBED if "registration" in made else run_description.DESCRIBED & made
    )
    found = {name: catalog.load(name) for name in names if catalog.exists(name)}
    with suppress(StoreOutageError), outage.ask_store(observing=True):
        runs.set_tags(run_id, run_description.describe_run(found))


def find_data(catalog: CatalogProtocol) -> tuple[str, str]:
    """Return name and address of the images of a run, the latter without credentials."""
    address = str(catalog.get("raw_images")._describe()["filepath"])
    return Path(address).stem, address
