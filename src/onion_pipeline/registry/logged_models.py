"""Models as MLflow keeps them with a run, before they are versions of anything."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from onion_pipeline.annotations import KerasModel
from onion_pipeline.registry.card import ModelCard
from onion_pipeline.registry.evidence import NO_FILES, write_files
from onion_pipeline.registry.package import write_package

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run


def log_model(  # noqa: PLR0913
    client: "MlflowClient",
    run: "Run",
    model: KerasModel,
    card: ModelCard,
    name: str,
    *,
    evidence: Mapping[str, bytes] = NO_FILES,
) -> str:
    """Log `model` to `run` as ``mlflow.pyfunc.log_model`` does.

    That asks a server again after it has failed; here the first failure is the last.

    Args:
        client: of the store.
        run: to which the model belongs.
        model: the trained model.
        card: class names and preprocessing.
        name: of the logged model.
        evidence: files beside the model, see :class:`~onion_pipeline.registry.evidence.Evidence`.

    Returns:
        The id of the logged model.
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
        write_package(folder, model, card, described)
        write_files(folder, evidence)
        client.log_model_artifacts(logged.model_id, str(folder))
    client.finalize_logged_model(logged.model_id, "READY")
    return str(logged.model_id)


def _copy_metrics(client: "MlflowClient", run: "Run", model_id: str) -> None:
    """Give a model the metrics of its run, but for those of the epochs."""
    from mlflow.entities import Metric

    run_id = run.info.run_id
    points = (p for name in run.data.metrics for p in client.get_metric_history(run_id, name))
    client.log_batch(
        run_id,
        [
            Metric(point.key, point.value, point.timestamp, 0, model_id=model_id, run_id=run_id)
            for point in points
            if point.step == 0 and point.model_id is None
        ],
    )
