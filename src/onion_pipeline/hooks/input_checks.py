"""What a run reads, looked for before it begins."""

from collections.abc import Iterable
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from onion_pipeline.datasets.sealed import Sealed
from onion_pipeline.errors import ConfigurationError

SHOWN = 3  # artifacts that are missing


def check_images(pipeline: Pipeline, catalog: CatalogProtocol) -> None:
    """Refuse a path to images at which there are none.

    Raises:
        DataError: says what was looked for.
    """
    for name in pipeline.inputs() & {"raw_images", "new_images"}:
        if not catalog.exists(name):
            catalog.load(name)  # it raises


def check_artifacts(
    run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
) -> None:
    """Refuse a part of a pipeline whose beginning has not run: Kedro ends in a traceback.

    Raises:
        ConfigurationError: names what is missing, and how to make it.
    """
    given = {name: catalog.get(name) for name in pipeline.inputs() if name in catalog}
    artifacts = {name: each for name, each in given.items() if isinstance(each, Sealed)}
    missing = sorted(name for name, each in artifacts.items() if not each.find_path().is_file())
    if run_params.get("only_missing_outputs"):
        # What is made of one whose state is known may be up to date, and is then not made.
        missing = [name for name in missing if not artifacts[name].find_state()]
    if missing:
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        raise ConfigurationError(
            f"Not there yet, and read by this run: {', '.join(missing[:SHOWN])}{more}. Earlier "
            "steps make that: 'kedro run' runs all of them, and 'kedro run --only-missing-outputs' "
            "those whose results are missing, with the --params of this run."
        )


def check_versions(asked: Iterable[str], catalog: CatalogProtocol) -> None:
    """Refuse a version of what has none: Kedro would load what there is in silence.

    Raises:
        ConfigurationError: names the entry.
    """
    for name in asked:
        if getattr(catalog.get(name), "_version", None) is None:
            raise ConfigurationError(
                f"--load-versions: {name} has no versions, but one file that each run replaces. "
                "MLflow keeps the files of every run; the catalog keeps them of an entry that says "
                "'versioned: true'."
            )
