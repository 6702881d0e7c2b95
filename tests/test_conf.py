"""The files of conf/ and the sample agree with the code, and with each other."""

import io
import re
import runpy
import sys
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import pytest
from kedro.io import DataCatalog
from PIL import Image
from pydantic import TypeAdapter

from onion_pipeline.datasets.sealed import Sealed
from onion_pipeline.hooks.parameter_checks import check_parameters, check_transforms
from onion_pipeline.model.architecture import read_layers, walk_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.parameters import Parameters
from onion_pipeline.pipeline_registry import register_pipelines

PROJECT = Path(__file__).parents[1]
CONF, DATA = PROJECT / "conf", PROJECT / "data"
FILES = sorted(CONF.glob("*/parameters_*.yml"))
MLFLOW_RULES = {"folder", "metrics", "history", "child_runs", "datasets"}


@pytest.fixture(scope="module")
def catalog(load_conf):
    return load_conf()["catalog"]


@pytest.fixture(scope="module")
def files(catalog):
    """The entries that are files; `verify` has others in memory."""
    return {name: entry for name, entry in catalog.items() if "filepath" in entry}


@pytest.fixture(scope="module")
def used_names():
    """The datasets and parameters that the pipelines read and write."""
    return set.union(*(pipeline.datasets() for pipeline in register_pipelines().values()))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_parameter_file_holds_its_group_and_builds_its_model(path, load_conf):
    group = path.stem.removeprefix("parameters_")
    assert re.findall(r"^(\w+):", path.read_text(), re.MULTILINE) == [group]
    fields = {field.alias or name: field for name, field in Parameters.model_fields.items()}
    found = load_conf(path.parent.name)["parameters"][group]
    assert TypeAdapter(fields[group].annotation).validate_python(found)


@pytest.mark.parametrize("environment", ["base", "photos_from_scratch", "resnet9"])
def test_an_environment_passes_the_check_of_the_whole(environment, load_conf):
    parameters = load_conf(environment)["parameters"]
    check_parameters(parameters)
    check_transforms(parameters)


@pytest.mark.parametrize(
    ("environment", "shape"),
    [
        ("base", (28, 28, 1)),
        ("base", (64, 64, 3)),
        ("photos_from_scratch", (96, 96, 3)),
        ("resnet9", (28, 28, 1)),
    ],
)
def test_the_layers_of_an_environment_make_a_network(environment, shape, load_conf, keras):
    layers = read_layers(load_conf(environment)["parameters"]["build"]["layers"])
    model = build_model(layers, shape, classes=10, seed=0)
    assert model.output_shape == (None, 10)
    assert model.count_params() == sum(row.parameters for row in walk_layers(layers, shape, 10))


def test_no_parameter_is_unread(load_conf, used_names):
    groups = set(load_conf()["parameters"])
    assert groups - {name.removeprefix("params:") for name in used_names} == set()


def test_the_images_of_a_run_are_a_runtime_parameter(load_conf):
    catalog = load_conf(images="my/photos")["catalog"]
    assert catalog["raw_images"]["filepath"] == catalog["new_images"]["filepath"] == "my/photos"
    assert load_conf(images="my/photos")["parameters"]["images"] == "my/photos"
    assert load_conf()["parameters"]["images"] == load_conf()["catalog"]["raw_images"]["filepath"]


def test_every_file_lies_in_the_folder_of_its_layer(files):
    folders = {folder.name[3:]: f"data/{folder.name}" for folder in DATA.glob("0*")}
    misplaced = {
        name
        for name, entry in files.items()
        if not name.startswith("verify.")
        and str(Path(entry["filepath"]).parent)
        != folders.get(entry["metadata"]["kedro-viz"]["layer"])
    }
    assert misplaced == set()


def test_every_file_is_written_by_one_entry_alone(files):
    paths = [entry["filepath"] for name, entry in files.items() if name != "new_images"]
    assert len(set(paths)) == len(paths)


def test_catalog_and_pipelines_name_the_same_datasets(catalog, used_names):
    own = {name for name in used_names if not name.startswith(("params:", "verify."))}
    assert own == {name for name in catalog if not name.startswith("verify.")}


def test_what_verify_makes_again_is_kept_as_what_it_is_of(catalog, used_names):
    made = DataCatalog.from_config(catalog)
    for name in used_names:
        kept = name.startswith("verify.") and name in made and "filepath" in made[name]._describe()
        if kept:
            again, first = (made[each] for each in (name, name.removeprefix("verify.")))
            assert type(again) is type(first)
            assert again.find_path().name == f"verify_{first.find_path().name}"
    large = {name for name in used_names if name.endswith(("_images", "_model")) and "." in name}
    assert large - {name for name in large if name in made} == set()


@pytest.mark.parametrize("environment", ["base", "photos_from_scratch", "resnet9"])
@pytest.mark.parametrize("group", ["evaluate", "train", "register"])
def test_a_value_of_the_command_line_leaves_the_rest_of_its_group(load_conf, environment, group):
    plain = load_conf(environment)["parameters"]
    name = next(iter(plain[group]))
    changed = load_conf(environment, **{group: {name: "other"}})["parameters"]
    assert changed == {**plain, group: {**plain[group], name: "other"}}


def test_every_entry_makes_its_dataset(catalog):
    made = DataCatalog.from_config(catalog)
    kinds = {name: entry["type"].rpartition(".")[2] for name, entry in catalog.items()}
    assert {name: type(made.get(name)).__name__ for name in catalog} == kinds


def test_the_names_of_classes_stay_as_they_are(catalog, tmp_path):
    entry = {**catalog["class_report"], "filepath": (tmp_path / "class_report.csv").as_posix()}
    dataset = DataCatalog.from_config({"class_report": entry}).get("class_report")
    dataset.save(pd.DataFrame({"class": ["007", "NA", "2"], "f1": [0.5, 1.0, None]}))
    report = dataset.load()
    assert report["class"].tolist() == ["007", "NA", "2"]
    assert report["f1"].tolist()[:2] == [0.5, 1.0]
    assert report["f1"].isna().tolist() == [False, False, True]


def test_every_file_that_is_written_is_sealed(catalog, files):
    made = DataCatalog.from_config(catalog)
    unsealed = {name for name in files if not isinstance(made.get(name), Sealed)}
    assert unsealed == {"raw_images", "new_images", "training_checkpoints"}


def test_no_file_is_of_a_kind_that_runs_code_or_loads_after_a_bit_flip(catalog, files):
    suffixes = {Path(entry["filepath"]).suffix for entry in files.values()}
    assert not suffixes & {".pkl", ".pickle", ".joblib", ".h5", ".hdf5"}
    assert not [entry for entry in catalog.values() if "pickle" in entry["type"].lower()]


def test_the_rules_for_mlflow_are_those_that_the_hook_knows(catalog):
    rules = {
        name: entry["metadata"]["mlflow"]
        for name, entry in catalog.items()
        if "mlflow" in entry.get("metadata", {})
    }
    assert {name for name, rule in rules.items() if not set(rule) <= MLFLOW_RULES} == set()
    assert [name for name, rule in rules.items() if "metrics" in rule] == ["metrics"]
    assert [name for name, rule in rules.items() if "history" in rule] == ["training_history"]
    assert [name for name, rule in rules.items() if "child_runs" in rule] == ["fold_histories"]
    assert [name for name, rule in rules.items() if "datasets" in rule] == ["image_splits"]


def test_runs_are_kept_in_the_project_unless_the_environment_names_a_server(load_conf, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert load_conf()["mlflow"]["tracking_uri"] == "sqlite:///mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://mlflow.example.org")
    assert load_conf()["mlflow"]["tracking_uri"] == "https://mlflow.example.org"


def test_telemetry_is_off():
    assert (PROJECT / ".telemetry").read_text().split() == ["consent:", "false"]


def test_the_sample_has_500_pictures_of_28x28_per_digit(catalog):
    sizes, counts = set(), dict.fromkeys("0123456789", 0)
    with ZipFile(PROJECT / catalog["raw_images"]["filepath"]) as archive:
        for name in archive.namelist():
            with Image.open(io.BytesIO(archive.read(name))) as image:
                sizes.add((image.format, image.mode, image.size))
            counts[name.partition("/")[0]] += 1
    assert sizes == {("PNG", "L", (28, 28))}
    assert set(counts.items()) == {(digit, 500) for digit in "0123456789"}


@pytest.mark.slow
def test_the_sample_can_be_made_again_byte_by_byte(tmp_path, monkeypatch):
    script = tmp_path / "make_digits.py"
    script.write_text((DATA / "01_raw" / "make_digits.py").read_text())
    monkeypatch.setattr(sys, "argv", [str(script)])
    runpy.run_path(str(script), run_name="__main__")
    assert (tmp_path / "digits.zip").read_bytes() == (DATA / "01_raw/digits.zip").read_bytes()
