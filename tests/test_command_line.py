"""``kedro run`` as a user types it, in a copy of the project and on a folder of tiny pictures."""

import hashlib
import inspect
import json
import logging
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from kedro.framework.project import configure_project
from kedro.io import AbstractDataset
from mlflow import MlflowClient

from onion_pipeline import __main__ as entry_point
from onion_pipeline.cli.command import run as kedro_run
from onion_pipeline.pipeline_registry import register_pipelines
from onion_pipeline.reporting.phrases import NO_BREAK, show_interval, show_share
from onion_pipeline.storage.seals import SUFFIX
from onion_pipeline.tracking import outage, runs

pytestmark = pytest.mark.slow  # whole runs

# Of each class; the gate sees no skill in fewer than twelve test images.
IMAGES = 45
SMALL = "train.epochs=1,train.batch_size=8,augment.copies=1"
CPLUSPLUS = ("absl", "oneDNN", "cpu_feature_guard", "cuda", "TF-TRT")
REPORTS = Path("data/08_reporting")


def kedro(project, *arguments):
    """Run Kedro in a process of its own."""
    hidden = {outage.TRACKING_URI, runs.RUN_ID, "PYTHONPATH", "TF_CPP_MIN_LOG_LEVEL"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    return subprocess.run(
        [sys.executable, "-m", "kedro", *arguments],
        cwd=project,
        env={**environment, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def train(project, photos, *arguments):
    return kedro(project, "run", "--params", f"images={photos},{SMALL}", *arguments)


def read_states(folder):
    """Return the checksum and the time of each file, but of seals."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
        # A seal tells of the run as well, the file beside it of what came out.
        if path.is_file() and path.suffix != SUFFIX
    }


def hash_files(folder):
    return {name: content for name, (content, _) in read_states(folder).items()}


def read_json(project, name):
    return json.loads((project / REPORTS / name).read_text())


def open_store(project):
    return MlflowClient(f"sqlite:///{project / 'mlflow.db'}")


def read_aliases(project):
    (model,) = open_store(project).search_registered_models()
    return model.aliases


def list_runs(project):
    client = open_store(project)
    return client.search_runs([entry.experiment_id for entry in client.search_experiments()])


def list_artifacts(project, run, folder=""):
    found = set()
    for entry in open_store(project).list_artifacts(run.info.run_id, folder):
        found |= list_artifacts(project, run, entry.path) if entry.is_dir else {entry.path}
    return found


@pytest.fixture(scope="module")
def photos(tmp_path_factory, draw_photos):
    """Ninety pictures and a broken one."""
    folder = draw_photos(tmp_path_factory.mktemp("images") / "photos", IMAGES)
    (folder / "red" / "broken.jpg").write_bytes(b"not a picture")
    return folder


@pytest.fixture(scope="module")
def trained(copy_project, photos):
    """A project after a complete run: its folder, and what the run said."""
    before = read_states(photos)
    project = copy_project()
    said = train(project, photos)
    assert said.returncode == 0, said.stdout + said.stderr
    return project, said, before


@pytest.fixture(scope="module")
def trained_by_processes(copy_project, photos):
    """A project after the same run in several processes."""
    project = copy_project()
    said = train(project, photos, "--runner", "ParallelRunner")
    assert said.returncode == 0, said.stdout + said.stderr
    return project


@pytest.fixture(params=["trained", "trained_by_processes"])
def project_of_any_runner(request):
    found = request.getfixturevalue(request.param)
    return found[0] if isinstance(found, tuple) else found


@pytest.fixture
def in_process(trained, tmp_path, monkeypatch):
    """A copy of the trained project, and ``kedro run`` there without a process of its own."""
    project = tmp_path / "project"
    shutil.copytree(trained[0], project)
    for name in (outage.TRACKING_URI, runs.RUN_ID):
        monkeypatch.setenv(name, "")  # so that it is restored
        monkeypatch.delenv(name)
    monkeypatch.chdir(project)
    for name in ("kedro.pipeline.node", "kedro.runner.sequential_runner"):
        monkeypatch.setattr(logging.getLogger(name), "filters", [])
    configure_project("onion_pipeline", preserve_logging=True)
    return project, lambda *arguments: CliRunner().invoke(kedro_run, arguments)


def test_a_complete_run_is_quiet(trained):
    _, said, _ = trained
    # Of pictures that are all red or all blue, single pixels tell as much.
    unbeaten = "WARNING  The network is not significantly better than logistic regression"
    everything = (said.stdout + said.stderr).replace(unbeaten, "")
    assert re.findall(".*(?:warn|traceback|error).*", everything, re.IGNORECASE) == []
    assert [word for word in CPLUSPLUS if word.lower() in everything.lower()] == []


def test_a_complete_run_ends_with_a_summary(trained):
    project, said, _ = trained
    metrics, registration = (read_json(project, f"{n}.json") for n in ("metrics", "registration"))
    low, high = metrics["accuracy_interval"]
    summary = said.stdout[said.stdout.index("Quarantined") :]
    expected = [
        f"1 file of {2 * IMAGES + 1} that cannot be used",
        ", see data/02_intermediate/quarantine.csv",
        f"{show_share(metrics['accuracy'])} (95 % interval {show_interval(low, high)}) on ".replace(
            NO_BREAK, " "
        ),
        "data/08_reporting/",
        f"onion_pipeline version {registration['version']}, alias champion",
        "kedro viz run",
        "kedro run --params images=",
        "kedro run --pipelines predict",
    ]
    assert [line for line in expected if line not in summary] == []


def test_the_raw_images_stay_as_they_were(trained, photos):
    assert read_states(photos) == trained[2]


def test_the_metrics_have_their_names(trained):
    metrics = read_json(trained[0], "metrics.json")
    calibrated = {"log_loss", "brier_score", "calibration_error"}
    assert set(metrics) == {
        *("accuracy", "accuracy_interval", "macro_f1", "macro_f1_interval", "test_images"),
        *calibrated,
        *(f"{name}_uncalibrated" for name in calibrated),
        *("answered", "answered_accuracy", "answered_accuracy_interval", "risk_coverage_area"),
        *("set_coverage", "set_coverage_interval", "set_coverage_holds", "set_size"),
        *("set_coverage_of_threshold", "sets_of_several"),
        *("calibration_error_by_chance", "calibration_p_value"),
        *("class_frequency_error", "class_frequency_p_value", "leaked_images"),
        *("mean_corruption_error", "corruption_error_added", "worst_corruption_accuracy"),
    }


def test_the_quarantine_names_the_broken_file(trained):
    quarantine = pd.read_csv(trained[0] / "data/02_intermediate/quarantine.csv")
    assert list(quarantine.columns) == ["path", "sha256", "reason", "detail"]
    assert list(quarantine["path"]) == ["red/broken.jpg"]
    assert quarantine[["reason", "detail"]].notna().all(axis=None)


def test_the_splits_are_disjoint_stratified_and_of_the_shares_asked_for(
    trained, photos, base_parameters
):
    splits = pd.read_parquet(trained[0] / "data/03_primary/image_splits.parquet")
    assert list(splits.columns) == ["path", "label", "split", "group", "sha256", "cluster"]
    readable = {str(path.relative_to(photos)) for path in photos.rglob("[0-9]*.jpg")}
    assert sorted(splits["path"]) == sorted(readable)
    assert (splits["path"].str.split("/").str[0] == splits["label"]).all()
    counts = pd.crosstab(splits["label"], splits["split"])
    shares = base_parameters.ingest.fractions.model_dump()
    assert counts.loc["blue"].to_dict() == {
        name: round(share * IMAGES) for name, share in shares.items()
    }
    assert (counts.loc["blue"] == counts.loc["red"]).all()


def test_only_the_test_images_are_predicted(trained):
    project = trained[0]
    predictions = pd.read_parquet(project / "data/07_model_output/test_predictions.parquet")
    splits = pd.read_parquet(project / "data/03_primary/image_splits.parquet")
    test = splits[splits["split"] == "test"]
    assert dict(zip(predictions["path"], predictions["label"], strict=True)) == dict(
        zip(test["path"], test["label"], strict=True)
    )
    assert {"predicted", "probability_blue", "probability_red"} <= set(predictions.columns)
    metrics = read_json(project, "metrics.json")
    assert metrics["test_images"] == len(test)
    assert metrics["accuracy"] == (predictions["label"] == predictions["predicted"]).mean()


def test_a_second_run_elsewhere_by_other_processes_gives_the_same_weights_and_metrics(
    trained, trained_by_processes, keras
):
    first, again = trained[0], trained_by_processes
    for name in ("08_reporting/metrics.json", "07_model_output/test_predictions.parquet"):
        assert (again / "data" / name).read_bytes() == (first / "data" / name).read_bytes()
    one, other, untrained = (
        keras.models.load_model(project / "data/06_models" / name, compile=False).get_weights()
        for project, name in (
            (first, "trained_model.keras"),
            (again, "trained_model.keras"),
            (again, "untrained_model.keras"),
        )
    )
    assert [weights.tobytes() for weights in one] == [weights.tobytes() for weights in other]
    assert [weights.tobytes() for weights in one] != [weights.tobytes() for weights in untrained]


def test_one_mlflow_run_has_everything(project_of_any_runner, load_conf):
    project = project_of_any_runner
    (run,) = list_runs(project)
    assert run.info.status == "FINISHED"
    assert run.data.params["train.epochs"] == "1"
    metrics, registration = (read_json(project, f"{n}.json") for n in ("metrics", "registration"))
    assert run.data.metrics["test/accuracy"] == metrics["accuracy"]
    assert run.data.metrics["test/accuracy_interval_low"] == metrics["accuracy_interval"][0]
    history = pd.read_csv(project / "data/06_models/training_history.csv")
    logged = open_store(project).get_metric_history(run.info.run_id, "validation_loss")
    assert [(point.step, point.value) for point in logged] == list(
        zip(history["epoch"], history["validation_loss"], strict=True)
    )
    assert registration["run_id"] == run.info.run_id
    made = register_pipelines()["__default__"].all_outputs()
    expected = {
        f"{entry['metadata']['mlflow']['folder']}/{Path(entry['filepath']).name}"
        for name, entry in load_conf()["catalog"].items()
        if "folder" in entry.get("metadata", {}).get("mlflow", {}) and name in made
    }
    assert list_artifacts(project, run) == expected


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("augmentation_preview", "ImagePreview"),
        ("training_curves", "PlotlyPreview"),
        ("confusion_matrix", "PlotlyPreview"),
        ("attention_sheet", "ImagePreview"),
    ],
)
def test_kedro_viz_has_a_preview_of_what_is_worth_a_look(name, kind, trained, load_conf):
    entry = load_conf()["catalog"][name]
    entry["filepath"] = str(trained[0] / entry["filepath"])
    dataset = AbstractDataset.from_config(name, entry)
    # Kedro-Viz tells by the annotation how to show it.
    shown = inspect.signature(dataset.preview).return_annotation
    assert getattr(shown, "__name__", shown) == kind
    assert len(dataset.preview()) > 0


def test_a_network_that_learns_in_bfloat16_is_registered_as_the_one_that_was_judged(
    copy_project, photos, keras
):
    project = copy_project("mixed_bfloat16")
    said = train(project, photos)
    assert said.returncode == 0, said.stdout + said.stderr
    assert read_json(project, "registration.json")["version"] == "1"
    images = np.load(project / "data/05_model_input/validation_images.npy")
    model = keras.models.load_model(project / "data/06_models/trained_model.keras", compile=False)
    answers = model.predict_on_batch(images["image"])
    losses = -np.log(answers[np.arange(len(images)), images["label"]])
    history = pd.read_csv(project / "data/06_models/training_history.csv")
    assert history["validation_loss"].min() == pytest.approx(losses.mean(), rel=1e-5)


def test_the_first_model_version_is_the_champion(project_of_any_runner):
    (model,) = open_store(project_of_any_runner).search_registered_models()
    assert (model.name, model.aliases) == ("onion_pipeline", {"champion": 1})


@pytest.fixture(scope="module")
def predicted(trained, draw_photos, tmp_path_factory):
    """What ``predict`` says of six new pictures and a broken one."""
    folder = draw_photos(tmp_path_factory.mktemp("new") / "pictures", 3, seed=1)
    (folder / "broken.png").write_bytes(b"not a picture")
    said = kedro(trained[0], "run", "--pipelines", "predict", "--params", f"images={folder}")
    assert said.returncode == 0, said.stdout + said.stderr
    return trained[0] / "data/07_model_output", folder, said


def test_predict_classifies_new_pictures(predicted):
    output, folder, said = predicted
    predictions = pd.read_csv(output / "predictions.csv")
    assert list(predictions.columns) == [
        "path",
        "label",
        "confidence",
        "probability_blue",
        "probability_red",
        "prediction_set",
        "abstained",
        "model_version",
    ]
    assert set(predictions["path"]) == {
        str(path.relative_to(folder)) for path in folder.rglob("*.jpg")
    }
    assert set(predictions["model_version"]) == {1}
    assert re.findall(".*(?:warn|error).*", said.stdout + said.stderr, re.IGNORECASE) == []
    assert "6 pictures by model version 1" in said.stdout


def test_predict_lists_what_it_cannot_read(predicted):
    output, _, said = predicted
    unreadable = pd.read_csv(output / "unreadable_images.csv")
    assert list(unreadable.columns) == ["path", "reason", "detail"]
    assert list(unreadable["path"]) == ["broken.png"]
    assert "1 file, see data/07_model_output/unreadable_images.csv" in said.stdout


def test_an_audit_says_how_many_labels_look_wrong(in_process, photos):
    project, run = in_process
    parameters = f"images={photos},{SMALL},audit.folds=3"
    result = run("--pipelines", "audit", "--params", parameters)
    assert result.exit_code == 0, result.output
    issues = pd.read_csv(project / REPORTS / "label_issues.csv")
    said = (
        f"{len(issues)} of {2 * IMAGES} labels are probably wrong, see {REPORTS}/label_issues.csv"
    )
    assert said in result.output
    predictions = pd.read_parquet(project / "data/07_model_output/out_of_fold_predictions.parquet")
    splits = pd.read_parquet(project / "data/03_primary/image_splits.parquet")
    assert sorted(predictions["path"]) == sorted(splits.loc[splits["split"] != "test", "path"])
    assert (project / REPORTS / "suspect_labels.png").is_file()


def test_a_missing_output_alone_is_made_again(in_process, photos):
    project, run = in_process
    before = read_states(project / "data")
    (project / REPORTS / "metrics.json").unlink()
    result = run("--only-missing-outputs", "--params", f"images={photos},{SMALL}")
    assert result.exit_code == 0, result.output
    after = read_states(project / "data")
    changed = {name for name in before if before[name] != after[name]}
    metrics = "08_reporting/metrics.json"
    names = ("onion_report.html", "model_card.md", "model_card.html")
    following = {f"08_reporting/{name}" for name in names}
    assert changed <= {metrics, "08_reporting/registration.json", *following}
    assert after[metrics][0] == before[metrics][0]


def test_after_a_change_of_the_training_only_that_and_what_follows_is_made(in_process, photos):
    project, run = in_process
    before = read_states(project / "data")
    parameters = f"images={photos},{SMALL},train.batch_size=16"
    result = run("--only-missing-outputs", "--params", parameters)
    assert result.exit_code == 0, result.output
    after = read_states(project / "data")
    changed = {name for name in before if before[name] != after.get(name)}
    assert "06_models/trained_model.keras" in changed
    assert {name[:2] for name in changed} == {"06", "07", "08"}
    assert "06_models/untrained_model.keras" not in changed
    assert not changed & {
        f"08_reporting/{name}" for name in ("data_figures.html", "architecture_table.csv")
    }
    assert run("--only-missing-outputs", "--params", parameters).exit_code == 0
    assert read_states(project / "data") == after


def test_a_damaged_artifact_is_refused_in_one_message(in_process):
    project, run = in_process
    path = project / "data/06_models/trained_model.keras"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    result = run("--pipelines", "evaluate")
    assert result.exit_code == 1
    message = result.output[result.output.index("Error: ") :]
    assert message.startswith(f"Error: {path} is not what was written")
    assert "Traceback" not in result.output


def test_ingest_alone_by_threads_finds_the_same_images(in_process, photos):
    project, run = in_process
    before = hash_files(project / "data")
    shutil.rmtree(project / "data/03_primary")
    result = run(
        "--pipelines", "ingest", "--runner", "ThreadRunner", "--params", f"images={photos}"
    )
    assert result.exit_code == 0, result.output
    assert hash_files(project / "data") == before


def test_a_zip_gives_the_same_images_as_its_folder(in_process, photos, tmp_path):
    project, run = in_process
    before = hash_files(project / "data")
    archive = shutil.make_archive(str(tmp_path / "archive"), "zip", photos)
    result = run("--pipelines", "ingest", "--params", f"images={archive}")
    assert result.exit_code == 0, result.output
    assert hash_files(project / "data") == before


def test_a_part_of_the_pipeline_can_be_run_alone(in_process, caplog):
    project, run = in_process
    before = read_states(project / "data")
    result = run("--from-nodes", "evaluate.predict_test_images", "--to-outputs", "metrics")
    assert result.exit_code == 0, result.output
    assert "WARNING" not in caplog.text
    after = read_states(project / "data")
    assert {name for name in before if before[name] != after[name]} == {
        "07_model_output/test_predictions.parquet",
        "07_model_output/variant_predictions.parquet",
        "08_reporting/robustness.csv",
        "08_reporting/slices.csv",
        "08_reporting/metrics.json",
    }
    assert hash_files(project / "data") == {name: sha for name, (sha, _) in before.items()}


def test_photographs_have_defaults_of_their_own(in_process, photos, load_conf):
    project, run = in_process
    result = run("--env", "photos_from_scratch", "--params", f"images={photos},{SMALL}")
    assert result.exit_code == 0, result.output
    images = np.load(project / "data/02_intermediate/decoded_images.npy", mmap_mode="r")
    size = load_conf("photos_from_scratch")["parameters"]["ingest"]["image_size"]
    assert images["image"].shape == (2 * IMAGES, *size, 3)
    assert read_json(project, "registration.json")["alias"] == "challenger"
    layers = pd.read_csv(project / REPORTS / "architecture_table.csv")
    assert list(layers["kind"]).count("conv2d") == 4


def test_a_challenger_is_promoted_as_the_summary_says_and_the_champion_comes_back(
    in_process, photos
):
    project, run = in_process
    result = run("--params", f"images={photos},{SMALL},seed=7")
    assert result.exit_code == 0, result.output
    assert read_aliases(project) == {"champion": 1, "challenger": 2}
    promotion, registration = (
        read_json(project, f"{n}.json") for n in ("promotion", "registration")
    )
    assert f"Gate          challenger: {promotion['reason']}" in result.output
    assert (registration["decision"], registration["reason"]) == ("challenger", promotion["reason"])
    command = re.search("kedro run (.*promote.version=2)", result.output).group(1).split()
    for arguments, expected in (
        (command, {"champion": 2}),
        (["--pipelines", "promote"], {"champion": 1}),
    ):
        result = run(*arguments)
        assert result.exit_code == 0, result.output
        assert read_aliases(project) == expected
    assert len(open_store(project).search_model_versions("name = 'onion_pipeline'")) == 2


def test_the_layers_are_shown_at_work_on_a_new_picture(in_process, photos):
    project, run = in_process
    photo = photos / "red" / "00.jpg"
    result = run("--pipelines", "explain", "--params", f"explain.images={photo}")
    assert result.exit_code == 0, result.output
    report = project / REPORTS / "onion_report.html"
    assert "Onion report  data/08_reporting/onion_report.html" in result.output
    page = report.read_text()
    assert '"path": "00.jpg"' in page
    assert "http://" not in page.replace("http://www.w3.org/", "")


def test_register_alone_finds_the_version_and_tracks_what_is_there(in_process, photos):
    project, run = in_process
    before = read_json(project, "registration.json")
    result = run("--pipelines", "register", "--params", f"images={photos},{SMALL}")
    assert result.exit_code == 0, result.output
    after = read_json(project, "registration.json")
    kept = ("version", "alias", "run_id", "checksum")
    assert [after[key] for key in kept] == [before[key] for key in kept]
    assert after["reason"] == "it is version 1 again, the champion"
    newest = list_runs(project)[0]
    assert newest.data.metrics["test/accuracy"] == read_json(project, "metrics.json")["accuracy"]
    assert newest.data.params["train.epochs"] == "1"


def leave(folder):
    return folder


def empty(folder):
    shutil.rmtree(folder)
    folder.mkdir()
    return folder


def leave_one_class(folder):
    shutil.rmtree(folder / "red")
    return folder


def leave_two_of_a_class(folder):
    for path in sorted((folder / "red").iterdir())[2:]:
        path.unlink()
    return folder


def break_all(folder):
    for path in folder.rglob("*.jpg"):
        path.write_bytes(b"not a picture")
    return folder


def remove(folder):
    shutil.rmtree(folder)
    return folder


@pytest.mark.parametrize(
    ("prepare", "parameters", "said"),
    [
        (remove, "", ["no such file or folder", "photos"]),
        (empty, "", ["holds no file", "photos"]),
        (leave_one_class, "", ["Only one class", "blue"]),
        (leave_two_of_a_class, "", ["red (2)", "3 splits"]),
        (break_all, "", ["None of the 20 files", "blue/0.jpg"]),
        (leave, "ingest.fractions.test=0.5", ["ingest.fractions", "add up to 1.35"]),
        (leave, "ingest.image_size=0", ["ingest.image_size is 0"]),
        (leave, "train.epochs=-1", ["train.epochs is -1", "greater than 0"]),
        (leave, "train.epoch=3", ["'epoch' is unknown", "did you mean 'epochs'?"]),
        (leave, "train.epochs=0,seed=-1", ["2 mistakes", "train.epochs is 0", "seed is -1"]),
        (leave, "ingest.image_size=[20,4000000]", ["ingest.image_size is [20, 4000000]"]),
        (leave, "seed=${nothing}", ["parameters*.yml", "'nothing' not found", "--params"]),
    ],
)
def test_bad_input_ends_with_one_message_and_leaves_earlier_results(
    in_process, photo_folder, prepare, parameters, said
):
    project, run = in_process
    before = hash_files(project / "data")
    photos = prepare(photo_folder)
    result = run("--params", ",".join(filter(None, [f"images={photos}", SMALL, parameters])))
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)  # a message, not a traceback
    assert result.output.count("Error: ") == 1
    assert [part for part in said if part not in result.output] == []
    assert "train_model" not in result.output
    assert hash_files(project / "data") == before


@pytest.mark.parametrize("name", ["photos #2", "2024_05", "yes", "[x],y"])
def test_pictures_are_read_from_the_folder_that_was_typed(in_process, photo_folder, name):
    project, run = in_process
    photos = photo_folder.rename(project / name)
    for other in ("photos", "202405", "True"):
        (project / other).mkdir()
    result = run("--pipelines", "ingest", "--params", f"images={name},ingest.image_size=[24,20]")
    assert result.exit_code == 0, result.output
    images = np.load(project / "data/02_intermediate/decoded_images.npy", mmap_mode="r")
    assert images["image"].shape == (len([*photos.rglob("*.jpg")]), 24, 20, 3)


def test_a_name_that_is_nowhere_ends_in_one_message(trained):
    """By the command itself, which is where Kedro looks for this project's own."""
    said = kedro(trained[0], "run", "--from-nodes", "train_modl")
    assert said.returncode == 1
    assert said.stderr.startswith("Error: --from-nodes: 'train_modl' is unknown; did you mean")
    assert "Traceback" not in said.stdout + said.stderr


def test_a_project_without_a_local_environment_runs(in_process, photo_folder):
    project, run = in_process
    shutil.rmtree(project / "conf/local")
    result = run("--pipelines", "ingest", "--params", f"images={photo_folder}")
    assert result.exit_code == 0, result.output


def test_unusable_images_leave_the_results_of_other_parameters(in_process, photo_folder):
    project, run = in_process
    before = hash_files(project / "data")
    result = run("--env", "photos", "--params", f"images={leave_one_class(photo_folder)}")
    assert result.exit_code == 1
    assert hash_files(project / "data") == before


def test_the_package_runs_without_the_kedro_command(in_process, photos, monkeypatch):
    project, _ = in_process
    before = hash_files(project / "data")
    shutil.rmtree(project / "data/03_primary")
    monkeypatch.setattr(entry_point, "configure_project", lambda name: None)
    with pytest.raises(SystemExit) as ended:
        entry_point.main(["--pipelines", "ingest", "--params", f"images={photos}"])
    assert ended.value.code == 0
    assert hash_files(project / "data") == before


def test_a_mistake_on_the_command_line_shows_no_traceback(trained, tmp_path):
    said = kedro(trained[0], "run", "--params", f"images={tmp_path / 'nowhere'},train.epoch=3")
    assert said.returncode == 1
    assert said.stderr.startswith("Error: A mistake in the parameters")
    assert "Traceback" not in said.stdout + said.stderr


def test_unusable_images_show_no_traceback(trained, photo_folder):
    break_all(photo_folder)
    said = train(trained[0], photo_folder)
    assert said.returncode == 1
    assert said.stderr.count("Error: ") == 1
    assert "None of the 20 files is a usable image" in said.stderr
    assert "Traceback" not in said.stdout + said.stderr


def test_the_registry_lists_every_pipeline(trained):
    said = kedro(trained[0], "registry", "list")
    assert said.returncode == 0
    listed = re.findall(r"^- (\w+)$", said.stdout, re.MULTILINE)
    verbs = {"ingest", "augment", "build", "train", "evaluate", "explain", "register"}
    verbs |= {"predict", "promote", "verify", "audit", "find_learning_rate"}
    assert set(listed) == {*verbs, "__default__"}
    assert said.stderr == ""


def test_the_catalog_commands_describe_every_pipeline(trained):
    said = kedro(trained[0], "catalog", "describe-datasets", "--pipeline", "predict")
    assert said.returncode == 0, said.stderr
    for name in ("new_images", "predictions", "unreadable_images"):
        assert name in said.stdout
