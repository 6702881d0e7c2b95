import tempfile
from pathlib import Path

import pandas as pd
import pytest

from onion_pipeline.errors import RegistryError, StoreOutageError
from onion_pipeline.registry import attachments
from onion_pipeline.registry.recorded_versions import read_version
from onion_pipeline.tracking.mlflow_client import import_client
from onion_pipeline.training import lineage

NAME = "onions"
RECORDED = {"hash": "f1", **{part: {"hash": "a1"} for part in lineage.PARTS}}


@pytest.fixture
def images():
    return pd.DataFrame(
        {
            "path": ["a/1.png", "b/1.png"],
            "label": ["a", "b"],
            "sha256": [f"{number:064x}" for number in (11, 13)],
            "split": ["train", "test"],
        }
    )


@pytest.fixture
def register(mlflow_store):
    """A function that makes a version with these files beside its model."""

    def register(files):
        client = import_client()
        run = client.create_run(
            client.create_experiment(NAME, (mlflow_store / "kept").as_uri())
        ).info.run_id
        model = client.create_logged_model(client.get_run(run).info.experiment_id, NAME, run)
        with tempfile.TemporaryDirectory() as made:
            (Path(made) / attachments.FOLDER).mkdir()
            (Path(made) / "MLmodel").write_text("{}")
            for name, content in files.items():
                (Path(made) / attachments.FOLDER / name).write_bytes(content)
            client.log_model_artifacts(model.model_id, made)
        client.create_registered_model(NAME)
        client.create_model_version(NAME, f"models:/{model.model_id}", run, tags={"checksum": "5a"})
        client.set_registered_model_alias(NAME, "champion", "1")

    return register


def test_what_a_version_keeps_is_read_again(register, images):
    register(lineage.write_files(RECORDED, images))
    for uri in (f"models:/{NAME}@champion", f"models:/{NAME}/1"):
        found = read_version(uri)
        assert (found.uri, found.checksum) == (f"models:/{NAME}/1", "5a")
        assert found.lineage == RECORDED
        assert found.images.equals(images.assign(sha256=images["sha256"].str[:16]))


@pytest.mark.parametrize("missing", [lineage.LINEAGE, lineage.IMAGES])
def test_a_version_without_its_lineage_is_named_with_the_way_out(register, images, missing):
    files = lineage.write_files(RECORDED, images)
    files.pop(missing)
    register(files)
    with pytest.raises(RegistryError, match=f"no attachments/{missing}.*verify.model=") as caught:
        read_version(f"models:/{NAME}@champion")
    assert f"models:/{NAME}/1" in str(caught.value)


def test_an_unknown_version_is_an_error(mlflow_store):
    with pytest.raises(RegistryError, match="nothing"):
        read_version("models:/nothing@champion")


def test_a_store_that_is_down_is_an_outage(fake_mlflow):
    fake_mlflow("refuses")
    with pytest.raises(StoreOutageError):
        read_version(f"models:/{NAME}/1")
