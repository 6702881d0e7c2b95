"""``kedro run --pipelines verify`` on a version of a tiny network for real digits."""

import json
import logging
import shutil
from io import BytesIO
from zipfile import ZipFile

import pandas as pd
import pytest
from click.testing import CliRunner
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.project import configure_project

from onion_pipeline.model import build
from onion_pipeline.tracking import outage, runs
from onion_pipeline.tracking.runs import import_client

pytestmark = pytest.mark.slow  # trainings

DIGITS, OF_EACH = "012", 10
SPLITS = ["train"] * 6 + ["validation"] * 2 + ["test"] * 2
SMALL = "train.epochs=1,train.batch_size=8,augment.copies=1"
MADE = "registration,model_lineage,image_lineage"
NETWORK = "build: {layers: [flatten, {dense: {units: 4}}]}\n"


@pytest.fixture(scope="module")
def digits(tmp_path_factory, pytestconfig):
    """Thirty digits of the sample, and a table with their labels and splits."""
    folder = tmp_path_factory.mktemp("images") / "digits"
    with ZipFile(pytestconfig.rootpath / "data/01_raw/digits.zip") as archive:
        paths = [f"{digit}/{number:04}.png" for digit in DIGITS for number in range(OF_EACH)]
        archive.extractall(folder, paths)
    table = {"path": paths, "label": [path[0] for path in paths], "split": SPLITS * len(DIGITS)}
    pd.DataFrame(table).to_csv(folder / "digits.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def kedro(copy_project, precision):
    """A function that runs Kedro in a project of its own; and the folder of that."""
    project = copy_project(precision)
    (project / "conf/base/parameters_build.yml").write_text(NETWORK)
    with pytest.MonkeyPatch.context() as patch:
        for name in (outage.TRACKING_URI, runs.RUN_ID):
            patch.setenv(name, "")  # so that it is restored
            patch.delenv(name)
        patch.chdir(project)
        for name in ("kedro.pipeline.node", "kedro.runner.sequential_runner"):
            patch.setattr(logging.getLogger(name), "filters", [])
        configure_project("onion_pipeline", preserve_logging=True)
        yield project, lambda *arguments: CliRunner().invoke(kedro_run, arguments)


@pytest.fixture(scope="module")
def registered(kedro, digits, empty_store):
    """The same, with version 1, which has its lineage beside its model."""
    project, run = kedro
    shutil.copy(empty_store, project / "mlflow.db")
    images = f"images={digits / 'digits.csv'}"
    result = run("--to-outputs", MADE, "--params", f"{images},{SMALL},register.alias=champion")
    assert result.exit_code == 0, result.output
    return kedro


@pytest.fixture
def ran(caplog):
    """A function that lists the nodes that have run."""
    caplog.set_level(logging.INFO, "onion_pipeline")
    return lambda: {text.partition(":")[0].removeprefix("verify.") for text in caplog.messages}


@pytest.fixture
def verify(registered, digits, tmp_path):
    """A function that verifies the version with images that have been changed."""
    project, run = registered
    images = shutil.copytree(digits, tmp_path / "digits")

    def verify(change=None, more="", *arguments):
        if change:
            change(images)
        parameters = f"images={images / 'digits.csv'},{SMALL}{more}"
        result = run("--pipelines", "verify", "--params", parameters, *arguments)
        reports = project / "data/08_reporting"
        return result, json.loads((reports / "verification.json").read_text())

    return verify


def hash_artifacts(project):
    paths = sorted((project / "data").rglob("*.*"))
    return {path: path.read_bytes() for path in paths if "verif" not in path.name}


def test_an_unchanged_version_is_reproduced_bit_by_bit(registered, verify, ran, caplog):
    project, _ = registered
    before = hash_artifacts(project)
    result, verification = verify()
    assert result.exit_code == 0, result.output
    assert verification["status"] == "unchanged"
    assert {"index_images", "decode_images", "augment_images", "train_model"} <= ran()
    # Though its training has finished, and its checkpoint is there.
    assert [text for text in caplog.messages if text.startswith("epoch 1/1")]
    assert "models:/onion_pipeline/1: reproduced bit by bit" in result.output
    report = project / "data/08_reporting/reproduction.json"
    reproduction = json.loads(report.read_text())
    assert reproduction["checksum"]["present"] == reproduction["checksum"]["recorded"]
    report.unlink()
    (project / "data/08_reporting/reproduction.json.seal").unlink()
    assert hash_artifacts(project) == before
    assert [path.name for path in (project / "data").rglob("verify_*.npy*")] == []


def change_byte(images):
    path = images / "1/0003.png"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_one_changed_byte_in_one_image_is_noticed_and_the_image_named(verify, ran):
    result, verification = verify(change_byte)
    assert result.exit_code == 1
    assert "data changed: 1 changed (1/0003.png)" in result.output
    assert "See data/08_reporting/verification.json" in result.output
    assert "check_lineage" in ran()
    assert not ran() & {"augment_images", "train_model"}
    assert "Traceback" not in result.output
    assert verification["differences"]["data"] == {
        "changed": {"images": 1, "first": ["1/0003.png"]}
    }


def change_pixels(images):
    """Write another picture that is whole."""
    from PIL import Image

    encoded = BytesIO()
    Image.new("L", (28, 28)).save(encoded, "PNG")
    (images / "2/0001.png").write_bytes(encoded.getvalue())


def change_labels_and_splits(images):
    change_pixels(images)
    table = pd.read_csv(images / "digits.csv", dtype=str).set_index("path")
    table.loc["0/0000.png", "label"] = "1"
    table.loc[["0/0001.png", "0/0009.png"], "split"] = ["test", "train"]
    table.drop(index="1/0000.png").reset_index().to_csv(images / "digits.csv", index=False)


def test_other_images_labels_splits_parameters_and_code_are_told_apart(verify, monkeypatch):
    monkeypatch.setattr("onion_pipeline.origin.hash_code", lambda: "other")
    result, verification = verify(
        change_labels_and_splits,
        ",train.learning_rate=0.5,seed=7",
        "--to-nodes",
        "verify.check_lineage",
    )
    assert result.exit_code == 1
    lines = verification["found"]
    assert lines[:2] == [
        "data changed: 1 removed (1/0000.png); 1 changed (2/0001.png); 1 relabelled (0/0000.png)",
        "split changed: 2 moved (0/0001.png, 0/0009.png)",
    ]
    assert lines[2] == "parameters changed: train.learning_rate 0.002 -> 0.5"
    assert lines[3].startswith("code changed: package ")
    assert lines[4:] == ["seed changed: seed 42 -> 7"]


def test_what_differs_can_be_trained_all_the_same(verify):
    result, _ = verify(more=",train.learning_rate=0.5,verify.retrain=always")
    assert result.exit_code == 1
    assert "models:/onion_pipeline/1 was trained again and has other weights" in result.output
    assert "learning_rate 0.002 -> 0.5" in result.output
    assert "See data/08_reporting/reproduction.json" in result.output


def test_a_version_that_is_not_there_is_told_before_an_image_is_read(verify, ran):
    result, _ = verify(more=",verify.model=models:/onion_pipeline/9")
    assert result.exit_code == 1
    assert "version=9) not found" in result.output
    assert "find_version" in ran()
    assert "index_images" not in ran()


@pytest.fixture
def build_residual_network(keras):
    """A function in place of the one that builds the list of layers: a network with a branch."""

    def build_model(layers, image_shape, classes, seed):
        keras.utils.set_random_seed(seed)
        of = keras.layers
        image = keras.Input(image_shape, dtype="uint8", name="image")
        scaled = of.Rescaling(1 / 255, name="scaling")(image)
        kept = of.Conv2D(4, 5, strides=4, name="first")(scaled)
        changed = of.Conv2D(4, 3, padding="same", use_bias=False, name="second")(kept)
        changed = of.BatchNormalization(name="normalized")(changed)
        merged = of.UnitNormalization(name="unknown")(of.Add(name="merged")([kept, changed]))
        shown = of.Activation("relu", name="shown")(merged)
        pooled = of.GlobalAveragePooling2D(name="pooled")(shown)
        answer = of.Dense(classes, "softmax", dtype="float32", name="softmax")(pooled)
        return keras.Model(image, answer, name="residual")

    return build_model


def test_a_network_with_branches_and_unknown_layers_goes_all_the_way(
    copy_project, digits, empty_store, build_residual_network, monkeypatch
):
    project = copy_project()
    shutil.copy(empty_store, project / "mlflow.db")
    monkeypatch.chdir(project)
    monkeypatch.setattr(build, "build_model", build_residual_network)
    for name in (outage.TRACKING_URI, runs.RUN_ID):
        monkeypatch.setenv(name, "")  # so that it is restored
        monkeypatch.delenv(name)
    configure_project("onion_pipeline", preserve_logging=True)

    def run(*arguments, more=""):
        given = f"images={digits / 'digits.csv'},explain.pictures=2,{SMALL}{more}"
        result = CliRunner().invoke(kedro_run, [*arguments, "--params", given])
        assert result.exit_code == 0, result.output
        return result.output

    run("--to-outputs", f"{MADE},onion_report", more=",register.alias=champion")
    reports = project / "data/08_reporting"
    table = pd.read_csv(reports / "architecture_table.csv").set_index("layer")
    assert table.loc["total", "parameters"] == 104 + 144 + 16 + 15
    assert table["multiply_adds"].isna()[["unknown", "total"]].all()
    assert "takes an unknown number of multiplications" in (reports / "model_card.md").read_text()
    assert '"name": "merged"' in (reports / "onion_report.html").read_text()
    version = import_client().get_model_version("onion_pipeline", "1")
    assert version.tags["multiply_adds"] == "unknown"
    assert "reproduced bit by bit" in run("--pipelines", "verify")
