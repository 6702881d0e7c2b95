"""Models as MLflow keeps them: logged to a run, and fetched again."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onion_pipeline.annotations import MlflowClient, MlflowRun
from onion_pipeline.errors import ParityError, RegistryError
from onion_pipeline.registry.attachments import Attachments, write_files
from onion_pipeline.registry.package import hash_package, write_package
from onion_pipeline.serving.classifier import Classifier
from onion_pipeline.tracking.relocation import read_local_path


def log_model(
    client: MlflowClient, run: MlflowRun, tested: Classifier, name: str, attachments: Attachments
) -> str:
    """Log a tested model and its attachments to `run`, and return the id of the logged model.

    ``mlflow.pyfunc.log_model`` asks a server again after it has failed; here the first failure is
    the last.

    Raises:
        ParityError: the package is not the one that was compared.
    """
    from mlflow.entities import LoggedModelOutput
    from mlflow.models import Model

    run_id = run.info.run_id
    logged = client.create_logged_model(
        run.info.experiment_id, name, run_id, params=run.data.params, model_type="classifier"
    )
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    _copy_metrics(client, run, logged.model_id)
    described = Model(logged.artifact_location, run_id, model_id=logged.model_id)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "model"
        write_package(folder, tested, described)
        write_files(folder, attachments.files)
        _check_package(folder, attachments.package)
        client.log_model_artifacts(logged.model_id, str(folder))
    client.finalize_logged_model(logged.model_id, "READY")
    return str(logged.model_id)


def find_missing_folder(client: MlflowClient, name: str, version: str) -> Path | None:
    """Return where the files of a version are to be, if that is on this machine and nothing is."""
    folder = read_local_path(client.get_model_version_download_uri(name, version))
    return None if folder is None or folder.is_dir() else folder


def require_files(client: MlflowClient, name: str, version: str) -> None:
    """Check that the files of a version are there if they are to be on this machine.

    MLflow's error for it is that of a server that does not answer, or names no file.

    Raises:
        RegistryError: they are not.
    """
    folder = find_missing_folder(client, name, version)
    if folder:
        raise RegistryError(f"its files are gone: there is no folder {folder}")


@contextmanager
def fetch_package(client: MlflowClient, uri: str) -> Iterator[Path]:
    """Yield the folder of a package that is fetched, and deleted after the block.

    Args:
        client: of the store.
        uri: of the model, such as ``models:/onion_pipeline@champion``.

    Raises:
        RegistryError: it is a version, and its files are gone.
    """
    from mlflow.artifacts import download_artifacts
    from mlflow.store.artifact.utils.models import get_model_name_and_version

    if uri.startswith("models:/"):
        name, *number = get_model_name_and_version(client, uri)
        if number:  # else it is a logged model, and no version
            require_files(client, name, *number)
    with tempfile.TemporaryDirectory() as folder:
        yield Path(download_artifacts(uri, dst_path=folder))


def _check_package(folder: Path, tested: str | None) -> None:
    if tested and hash_package(folder) != tested:
        raise ParityError(
            "The model is not registered: the package to be uploaded is not the one that was "
            "compared with the tested model. Something has changed in between, perhaps the code "
            "or a library. Compare and register again: kedro run --pipelines register",
            dataset="parity_report",
        )


def _copy_metrics(client: MlflowClient, run: MlflowRun, model_id: str) -> None:
    """Give a model the metrics of its run, but for those of the epochs."""
    from mlflow.entities import Metric

    run_id = run.info.run_id
    points = (p for name in run.data.metrics for p in client.get_metric_history(run_id, name))
    copied = [
        Metric(point.key, point.value, point.timestamp, 0, model_id=model_id, run_id=run_id)
        for point in points
        if point.step == 0 and point.model_id is None
    ]
    client.log_batch(run_id, copied)
