import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline
from kedro_datasets.json import JSONDataset
from kedro_datasets.pandas import CSVDataset

from onion_pipeline.hooks.closing_summary import NEXT, PREDICT, ClosingSummary

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


def make_report(quarantined=(), exact=0, near=0, contradicting=0, **others):
    return {
        "files": 5,
        "quarantined": dict(quarantined),
        "duplicates": {
            "exact_pairs": exact,
            "near_pairs": near,
            "contradicting_labels": {"pairs": contradicting},
        },
        "leaks": {"pairs": 0},
        **others,
    }


@pytest.fixture
def make_catalog(tmp_path, base_parameters):
    """A function that makes a catalog in which `refused` pictures and labels are bad."""

    def make(refused=0, **others):
        tables = {
            "quarantine": pd.DataFrame({"path": ["x.jpg"]}),
            "duplicates": pd.DataFrame({"path": ["x.jpg"]}),
            "confusion_matrix": pd.DataFrame({"a": [1]}),
            "onion_report": pd.DataFrame({"a": [1]}),
            "model_card_page": pd.DataFrame({"a": [1]}),
            "predictions": pd.DataFrame({"path": ["1.jpg", "2.jpg"], "model_version": [7, 7]}),
            "unreadable_images": pd.DataFrame({"path": ["y.jpg"] * refused}),
            "learning_rate_curve": pd.DataFrame({"a": [1]}),
            "label_issues": pd.DataFrame({"path": ["z.jpg"] * refused}),
        }
        values = {
            "data_report": make_report(),
            "metrics": METRICS,
            "registration": REGISTRATION,
            "out_of_fold_predictions": pd.DataFrame({"path": ["x.jpg"] * 17}),
            "test_predictions": pd.DataFrame({"path": ["x.jpg"] * 3}),
            "params:evaluate": base_parameters.evaluate,
            "params:build": base_parameters.build,
            "params:images": "my photos/2024",
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


@pytest.fixture
def read(capsys, make_node):
    """A function that returns the lines that end a run which made `names`."""

    def read(names, catalog, env=None):
        pipeline = Pipeline([make_node(name) for name in names])
        ClosingSummary().after_pipeline_run({"env": env}, pipeline, catalog)
        said = capsys.readouterr().out
        assert not said or said[0] == "\n" == said[-1]
        return said.strip("\n").splitlines()

    return read


def test_a_run_of_which_there_is_little_to_say_ends_without_a_word(make_catalog, read):
    assert read({"data_report", "augmented_images"}, make_catalog()) == []


def test_what_is_odd_in_the_data_is_counted_and_its_list_is_named(make_catalog, tmp_path, read):
    report = make_report(quarantined={"truncated": 2}, exact=1, near=2, contradicting=1)
    lines = read({"data_report"}, make_catalog(data_report=report))
    assert lines == [
        "Quarantined   2 files of 5 that cannot be used (truncated: 2), "
        f"see {tmp_path / 'quarantine.csv'}",
        f"Duplicates    3 pairs of equal or nearly equal pictures, see {tmp_path}/duplicates.csv",
        "Contradicting 1 pair of equal or nearly equal pictures with different labels, "
        f"see {tmp_path}/duplicates.csv",
    ]


def test_paths_are_shown_as_seen_from_the_current_folder(make_catalog, tmp_path, monkeypatch, read):
    monkeypatch.chdir(tmp_path)
    (line,) = read({"onion_report"}, make_catalog())
    assert line == "Onion report  onion_report.csv, opens in a browser"


def test_the_test_accuracy_comes_with_its_interval_and_the_figures(make_catalog, tmp_path, read):
    accuracy, figures = read({"metrics"}, make_catalog())
    assert accuracy == "Test accuracy 87.5 % (95 % interval 52.9 to 97.8 %) on 8 pictures"
    assert figures.endswith(f"{tmp_path}/")


def test_the_interval_is_called_by_its_level(make_catalog, base_parameters, read):
    level = base_parameters.evaluate.model_copy(update={"confidence_level": 0.99})
    accuracy, _ = read({"metrics"}, make_catalog(**{"params:evaluate": level}))
    assert "99 % interval" in accuracy


def test_baselines_stand_beside_it_the_best_first(make_catalog, read):
    names = ["network", "majority_class", "logistic_regression"]
    table = pd.DataFrame({"model": names, "accuracy": [0.9, 0.1, 0.8]})
    (line,) = read({"baselines"}, make_catalog(baselines=table))
    assert line == (
        "Without it    80.0 % by logistic regression on the pixels, "
        "10.0 % by always naming the most frequent class of the test"
    )


def test_the_weakest_slice_is_named_as_the_folders_name_it(make_catalog, read):
    rows = {"column": "image_size", "value": ["*a*_<b>", "c"], "images": 9, "accuracy": [0.5, 1]}
    table = pd.DataFrame(rows).assign(is_worst=[True, False])
    (line,) = read({"slices"}, make_catalog(slices=table))
    assert line == "Weakest       where image size is *a*_<b>: 50.0 % of 9 pictures are right"


def test_the_model_card_is_named(make_catalog, tmp_path, read):
    (line,) = read({"model_card_page"}, make_catalog())
    assert line == f"Model card    {tmp_path / 'model_card_page.csv'}"


def read_commands(lines):
    return [line.strip() for line in lines if line.strip().startswith(("kedro", "make"))]


def test_a_registered_model_is_followed_by_what_to_do_next(make_catalog, read):
    first, gate, *others = read({"registration"}, make_catalog())
    assert first == "Model         onions version 7, alias champion"
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
def test_a_challenger_can_be_tried_or_made_champion(make_catalog, command, promoting, read):
    challenger = {**REGISTRATION, "alias": "challenger", "command": command}
    commands = read_commands(read({"registration"}, make_catalog(registration=challenger)))
    assert commands[-2:] == [f"{PREDICT},predict.model=models:/onions/7", promoting]


def test_a_model_that_is_not_registered_comes_with_the_reason_and_the_command(make_catalog, read):
    command = "kedro run --pipelines register --params images=photos"
    pending = {"status": "pending", "reason": "MLflow has gone.", "command": command}
    first, *others = read({"registration"}, make_catalog(registration=pending))
    assert first == "Model         not registered yet: MLflow has gone"
    assert read_commands(others) == [command, *(command for command, _ in NEXT)]


def test_predictions_are_counted_with_the_version_that_made_them(make_catalog, tmp_path, read):
    (line,) = read({"predictions"}, make_catalog())
    assert line.endswith(f"2 pictures by model version 7, see {tmp_path / 'predictions.csv'}")


def test_unreadable_new_images_are_counted(make_catalog, tmp_path, read):
    lines = read({"predictions"}, make_catalog(refused=3))
    assert lines[1].endswith(f"3 files, see {tmp_path / 'unreadable_images.csv'}")


def test_a_verified_version_is_named_with_what_came_of_it(make_catalog, tmp_path, read):
    path = tmp_path / "reproduction.json"
    catalog = make_catalog()
    catalog["reproduction"] = JSONDataset(filepath=path.as_posix())
    catalog.save("reproduction", {"model": "models:/onions/3", "status": "reproduced bit by bit"})
    (line,) = read({"reproduction"}, catalog)
    assert line.startswith("Verified ")
    assert line.endswith(f"models:/onions/3: reproduced bit by bit, see {path}")


@pytest.mark.parametrize(
    ("found", "said"),
    [([], "nothing differs"), (["data changed", "seed changed"], "data changed; seed")],
)
def test_a_comparison_without_a_training_says_what_differs(
    make_catalog, tmp_path, found, said, read
):
    catalog = make_catalog()
    path = (tmp_path / "verification.json").as_posix()
    catalog["verification"] = JSONDataset(filepath=path)
    catalog.save("verification", {"model": "models:/onions/3", "found": found})
    (line,) = read({"verification"}, catalog)
    assert line.startswith("Compared ")
    assert f"models:/onions/3: {said}" in line


def test_the_learning_rate_to_take_is_told_with_the_command_and_the_curve(
    make_catalog, tmp_path, read
):
    smoothed = [2.0] * 12 + [1.0, 3.0]
    losses = pd.DataFrame({"learning_rate": [0.001] * 12 + [0.02, 1], "smoothed_loss": smoothed})
    line, curve = read({"learning_rate_losses"}, make_catalog(learning_rate_losses=losses))
    assert line.startswith("Learning rate take 0.002, ")
    assert line.endswith("kedro run --params train.learning_rate=0.002")
    assert curve == f"Curve         {tmp_path / 'learning_rate_curve.csv'}"


@pytest.mark.parametrize("wrong", [0, 3])
def test_labels_that_are_probably_wrong_are_counted_and_their_list_is_named(
    make_catalog, tmp_path, wrong, read
):
    (line,) = read({"label_issues"}, make_catalog(refused=wrong))
    assert line.startswith("Labels ")
    said = f"{wrong} of 20 labels are probably wrong, see {tmp_path / 'label_issues.csv'}"
    assert line.endswith(said)


def report_pictures(grayscale=2, height=48.0, width=65.0):
    """What the data report says of five pictures."""
    sizes = {"height": {"median": height}, "width": {"median": width}}
    return make_report(images=5, grayscale=grayscale, sizes=sizes)


def test_photographs_get_a_hint_with_their_own_path(make_catalog, read):
    (line,) = read({"trained_model"}, make_catalog(data_report=report_pictures()))
    assert line == (
        "Photographs   kedro run --env photos --params 'images=my photos/2024' would suit them: it "
        "begins with a pretrained network"
    )


@pytest.mark.parametrize(
    "changes",
    [{"grayscale": 3}, {"width": 64.0}, {"grayscale": 5, "width": 1000.0}],
    ids=["mostly grey", "tiny", "grey"],
)
def test_grey_or_tiny_pictures_get_no_hint(make_catalog, read, changes):
    catalog = make_catalog(data_report=report_pictures(**changes))
    assert read({"trained_model"}, catalog) == []


def test_whoever_has_chosen_an_environment_or_a_backbone_gets_no_hint(
    make_catalog, read, base_parameters
):
    report = report_pictures()
    catalog = make_catalog(data_report=report)
    assert read({"trained_model"}, catalog, env="photos_from_scratch") == []
    assert read({"metrics", "data_report"}, catalog)[0].startswith("Test accuracy")
    layers = [{"backbone": {"name": "efficientnet_lite0"}}, "flatten"]
    build = base_parameters.build.model_copy(update={"layers": layers})
    catalog = make_catalog(data_report=report, **{"params:build": build})
    assert read({"trained_model"}, catalog) == []
