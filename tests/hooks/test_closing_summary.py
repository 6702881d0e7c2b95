import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro_datasets.json import JSONDataset
from kedro_datasets.pandas import CSVDataset

from onion_pipeline.hooks.closing_summary import NEXT, PREDICT, summarize

METRICS = {"accuracy": 0.875, "accuracy_interval": [0.5291, 0.9776], "test_images": 8}
REGISTRATION = {
    "model_name": "onions",
    "version": "7",
    "alias": "champion",
    "decision": "champion",
    "reason": "better than version 6 (0.981 against 0.962, p = 0.01)",
    "uri": "models:/onions/7",
    "command": "kedro run --pipelines register",
    "status": "registered",
}


@pytest.fixture
def make_catalog(tmp_path, base_parameters):
    """A function that makes a catalog in which `refused` of five files are quarantined."""

    def make(refused=0, **others):
        tables = {
            "quarantine": pd.DataFrame({"path": ["x.jpg"] * refused}),
            "confusion_matrix": pd.DataFrame({"a": [1]}),
            "onion_report": pd.DataFrame({"a": [1]}),
            "model_card_page": pd.DataFrame({"a": [1]}),
            "predictions": pd.DataFrame({"path": ["1.jpg", "2.jpg"], "model_version": [7, 7]}),
            "unreadable_images": pd.DataFrame({"path": ["y.jpg"] * refused}),
            "label_issues": pd.DataFrame({"path": ["z.jpg"] * refused}),
        }
        values = {
            "image_index": pd.DataFrame({"path": ["x.jpg"] * 5}),
            "metrics": METRICS,
            "registration": REGISTRATION,
            "out_of_fold_predictions": pd.DataFrame({"path": ["x.jpg"] * 17}),
            "test_predictions": pd.DataFrame({"path": ["x.jpg"] * 3}),
            "params:evaluate": base_parameters.evaluate,
            **others,
        }
        files = {
            name: CSVDataset(filepath=(tmp_path / f"{name}.csv").as_posix()) for name in tables
        }
        for name, table in tables.items():
            files[name].save(table)
        memory = {name: MemoryDataset(value) for name, value in values.items()}
        return DataCatalog({**files, **memory})

    return make


def test_a_run_of_which_there_is_little_to_say_ends_without_a_word(make_catalog):
    assert summarize({"quarantine", "augmented_images"}, make_catalog()) == []


def test_quarantined_files_are_counted_and_their_list_is_named(make_catalog, tmp_path):
    (line,) = summarize({"quarantine"}, make_catalog(refused=2))
    assert line.startswith("Quarantined ")
    assert line.endswith(f"2 of 5 files, see {tmp_path / 'quarantine.csv'}")


def test_paths_are_shown_as_seen_from_the_current_folder(make_catalog, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (line,) = summarize({"quarantine"}, make_catalog(refused=2))
    assert line.endswith("see quarantine.csv")


def test_the_test_accuracy_comes_with_its_interval_and_the_figures(make_catalog, tmp_path):
    accuracy, figures = summarize({"metrics"}, make_catalog())
    assert "0.8750  (95% interval 0.5291 to 0.9776, 8 images)" in accuracy
    assert figures.endswith(f"{tmp_path}/")


def test_the_interval_is_called_by_its_level(make_catalog, base_parameters):
    level = base_parameters.evaluate.model_copy(update={"confidence_level": 0.99})
    accuracy, _ = summarize({"metrics"}, make_catalog(**{"params:evaluate": level}))
    assert "99% interval" in accuracy


def test_the_model_card_is_named(make_catalog, tmp_path):
    (line,) = summarize({"model_card_page"}, make_catalog())
    assert line == f"Model card    {tmp_path / 'model_card_page.csv'}"


def test_the_onion_report_is_named(make_catalog, tmp_path):
    (line,) = summarize({"onion_report"}, make_catalog())
    assert line == f"Onion report  {tmp_path / 'onion_report.csv'}, opens in a browser"


def read_commands(lines):
    return [line.strip() for line in lines if line.strip().startswith(("kedro", "make"))]


def test_a_registered_model_is_followed_by_what_to_do_next(make_catalog):
    first, gate, *others = summarize({"registration"}, make_catalog())
    assert first.endswith("onions version 7, alias champion")
    assert gate == "Gate          champion: " + REGISTRATION["reason"]
    assert read_commands(others) == [*(command for command, _ in NEXT), PREDICT]


@pytest.mark.parametrize(
    ("command", "promoting"),
    [
        (
            "kedro run --pipelines register",
            "kedro run --pipelines promote --params promote.version=7",
        ),
        (
            "kedro run --pipelines register --env photos --params seed=1",
            "kedro run --pipelines promote --env photos --params seed=1,promote.version=7",
        ),
    ],
)
def test_a_challenger_can_be_tried_or_made_champion(make_catalog, command, promoting):
    challenger = {**REGISTRATION, "alias": "challenger", "command": command}
    commands = read_commands(summarize({"registration"}, make_catalog(registration=challenger)))
    assert commands[-2:] == [f"{PREDICT},predict.model=models:/onions/7", promoting]


def test_a_model_that_is_not_registered_comes_with_the_reason_and_the_command(make_catalog):
    command = "kedro run --pipelines register --params images=photos"
    pending = {"status": "pending", "reason": "MLflow has gone.", "command": command}
    first, *others = summarize({"registration"}, make_catalog(registration=pending))
    assert first.startswith("Unregistered ")
    assert first.endswith("MLflow has gone.")
    assert read_commands(others) == [command, *(command for command, _ in NEXT)]


def test_predictions_are_counted_with_the_version_that_made_them(make_catalog, tmp_path):
    (line,) = summarize({"predictions"}, make_catalog())
    assert line.endswith(f"2 images by model version 7, see {tmp_path / 'predictions.csv'}")


def test_unreadable_new_images_are_counted(make_catalog, tmp_path):
    lines = summarize({"predictions"}, make_catalog(refused=3))
    assert lines[1].endswith(f"3 files, see {tmp_path / 'unreadable_images.csv'}")


def test_a_verified_version_is_named_with_what_came_of_it(make_catalog, tmp_path):
    path = tmp_path / "reproduction.json"
    catalog = make_catalog()
    catalog["reproduction"] = JSONDataset(filepath=path.as_posix())
    catalog.save("reproduction", {"model": "models:/onions/3", "status": "reproduced bit by bit"})
    (line,) = summarize({"reproduction"}, catalog)
    assert line.startswith("Verified ")
    assert line.endswith(f"models:/onions/3: reproduced bit by bit, see {path}")


@pytest.mark.parametrize(
    ("found", "said"),
    [([], "nothing differs"), (["data changed", "seed changed"], "data changed; seed")],
)
def test_a_comparison_without_a_training_says_what_differs(make_catalog, tmp_path, found, said):
    catalog = make_catalog()
    path = (tmp_path / "verification.json").as_posix()
    catalog["verification"] = JSONDataset(filepath=path)
    catalog.save("verification", {"model": "models:/onions/3", "found": found})
    (line,) = summarize({"verification"}, catalog)
    assert line.startswith("Compared ")
    assert f"models:/onions/3: {said}" in line


@pytest.mark.parametrize("wrong", [0, 3])
def test_labels_that_are_probably_wrong_are_counted_and_their_list_is_named(
    make_catalog, tmp_path, wrong
):
    (line,) = summarize({"label_issues"}, make_catalog(refused=wrong))
    assert line.startswith("Labels ")
    said = f"{wrong} of 20 are probably wrong, see {tmp_path / 'label_issues.csv'}"
    assert line.endswith(said)
