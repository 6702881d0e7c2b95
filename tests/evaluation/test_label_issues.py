import numpy as np
import pandas as pd
import pytest

from onion_pipeline.errors import DataError
from onion_pipeline.evaluation.label_issues import find_label_issues, join_folds, join_test

COUNT = 400
PLANTED = 20  # 5 %
COLUMNS = ["path", "split", "label", "suggested_label", "label_quality", "confidence"]


@pytest.fixture
def truth():
    return np.arange(COUNT) % 4


@pytest.fixture
def planted():
    return np.random.default_rng(1).choice(COUNT, PLANTED, replace=False)


@pytest.fixture
def labels(truth, planted):
    """The truth, of which the planted ones are the next class."""
    labels = truth.copy()
    labels[planted] = (truth[planted] + 1) % 4
    return labels


@pytest.fixture
def probabilities(truth):
    """Mostly sure and mostly right: the right class has 0.75 on average, at least 0.5."""
    generator = np.random.default_rng(0)
    right = generator.uniform(0.5, 1, COUNT)
    others = generator.dirichlet(np.ones(3), COUNT) * (1 - right)[:, None]
    columns = (truth[:, None] + np.arange(4)) % 4
    found = np.empty((COUNT, 4))
    np.put_along_axis(found, columns, np.column_stack([right, others]), axis=1)
    return found


@pytest.fixture
def make_table(make_predictions):
    def make(labels, probabilities):
        splits = np.resize(["train", "train", "validation", "test"], len(labels))
        return make_predictions(labels, probabilities).assign(split=splits)

    return make


def list_rows(issues):
    return [int(path.removesuffix(".png")) for path in issues["path"]]


def test_planted_labels_that_look_surely_wrong_are_listed_and_no_sound_one(
    make_table, labels, probabilities, planted, class_names
):
    rows = set(list_rows(find_label_issues(make_table(labels, probabilities), class_names)))
    sure = {row for row in planted if probabilities[row].max() >= 0.75}
    assert len(sure) > 5
    assert sure <= rows <= set(planted)


def test_no_sound_label_is_listed(make_table, truth, probabilities, class_names):
    issues = find_label_issues(make_table(truth, probabilities), class_names)
    assert list(issues.columns) == COLUMNS
    assert len(issues) == 0


def test_one_label_that_looks_wrong_is_enough(make_table, truth, probabilities, class_names):
    probabilities[7] = [0.001, 0.998, 0.001, 0]
    issues = find_label_issues(make_table(truth, probabilities), class_names)
    assert list_rows(issues) == [7]


def test_a_mistake_of_which_the_network_is_not_sure_is_no_issue(
    make_table, truth, probabilities, class_names
):
    probabilities[7] = [0.1, 0.5, 0, 0.4]
    assert len(find_label_issues(make_table(truth, probabilities), class_names)) == 0


def test_a_row_says_what_the_label_is_what_it_looks_like_and_how_surely(
    make_table, labels, truth, probabilities, class_names
):
    table = make_table(labels, probabilities)
    issues = find_label_issues(table, class_names)
    rows = list_rows(issues)
    names = np.array(class_names)
    assert list(issues.columns) == COLUMNS
    assert issues["split"].tolist() == table["split"].iloc[rows].tolist()
    assert issues["label"].tolist() == names[labels[rows]].tolist()
    assert issues["suggested_label"].tolist() == names[truth[rows]].tolist()
    np.testing.assert_allclose(issues["label_quality"], probabilities[rows, labels[rows]])
    np.testing.assert_allclose(issues["confidence"], probabilities[rows].max(axis=1))


def test_the_worst_come_first_and_equal_ones_by_their_paths(
    make_table, labels, probabilities, class_names
):
    for row in (96, 101):  # two of the planted ones
        probabilities[row] = 0.001
        probabilities[row, (labels[row] - 1) % 4] = 0.997
    issues = find_label_issues(make_table(labels, probabilities), class_names)
    assert issues["label_quality"].is_monotonic_increasing
    assert issues.loc[issues["confidence"] == 0.997, "path"].tolist() == ["101.png", "96.png"]


def test_the_order_of_the_rows_does_not_matter(make_table, labels, probabilities, class_names):
    table = make_table(labels, probabilities)
    shuffled = table.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(
        find_label_issues(shuffled, class_names), find_label_issues(table, class_names)
    )


def test_a_class_of_which_no_image_is_left_is_no_obstacle(
    make_table, labels, probabilities, class_names
):
    kept = labels != 3
    issues = find_label_issues(make_table(labels[kept], probabilities[kept]), class_names)
    assert "dog" not in set(issues["label"])
    assert len(issues)


def test_two_classes_are_enough(make_predictions):
    right = np.array([0.99] * 19 + [0.02])
    columns = np.column_stack([right, 1 - right])
    both = np.concatenate([columns, columns[:, ::-1]])
    spare = np.zeros((40, 2))
    table = make_predictions(np.repeat([0, 1], 20), np.hstack([both, spare]))
    issues = find_label_issues(table.assign(split="train"), ["ant", "bee"])
    assert issues["path"].tolist() == ["19.png", "39.png"]


@pytest.fixture
def images():
    """Six images in two folds, two for the test and one that was left out."""
    splits = ["train", "test", "train", "validation", "left_out", "test", "train", "train"]
    folds = [1, None, 0, 0, None, None, 1, 0]
    return pd.DataFrame(
        {
            "path": [f"{row}.png" for row in range(8)],
            "label": ["ant", "ant", "bee", "bee", "cat", "cat", "dog", "dog"],
            "split": splits,
            "fold": pd.array(folds, dtype="Int64"),
        }
    )


@pytest.fixture
def predict(images, make_predictions, class_names):
    """A function that tabulates predictions of some rows."""

    def make(*rows):
        truth = images["label"].map(class_names.index).to_numpy()
        everything = make_predictions(truth, np.eye(4, dtype=np.float32)[truth])
        return everything.iloc[list(rows)].reset_index(drop=True)

    return make


def test_the_predictions_of_the_folds_are_one_table_in_the_order_of_the_images(images, predict):
    tables = [predict(7, 3, 2), predict(6, 0)]
    joined = join_folds(tables, images)
    assert list(joined.columns) == ["path", "split", "fold", *tables[0].columns.drop("path")]
    assert joined["path"].tolist() == ["0.png", "2.png", "3.png", "6.png", "7.png"]
    assert joined["fold"].tolist() == [1, 0, 0, 1, 0]
    assert joined["split"].tolist() == ["train", "train", "validation", "train", "train"]
    assert joined["label"].tolist() == ["ant", "bee", "bee", "dog", "dog"]
    assert (joined["label"] == joined["predicted"]).all()


def test_an_image_that_was_predicted_twice_is_an_error(images, predict):
    with pytest.raises(pd.errors.MergeError, match="one-to-one"):
        join_folds([predict(0, 2), predict(2)], images)


def test_the_test_joins_in_and_every_image_of_a_split_is_there_once(images, predict):
    joined = join_test(join_folds([predict(0, 2, 3, 6, 7)], images), predict(1, 5), images)
    assert sorted(joined["path"]) == [f"{row}.png" for row in (0, 1, 2, 3, 5, 6, 7)]
    assert joined.set_index("path")["split"]["5.png"] == "test"


@pytest.mark.parametrize("test_rows", [(1,), (1, 4, 5), (1, 4)])
def test_predictions_of_another_run_are_refused(images, predict, test_rows):
    out_of_fold = join_folds([predict(0, 2, 3, 6, 7)], images)
    with pytest.raises(DataError, match="7 images in image_splits are of different files"):
        join_test(out_of_fold, predict(*test_rows), images)


def test_a_label_that_was_mended_since_is_another_file(images, predict):
    out_of_fold = join_folds([predict(0, 2, 3, 6, 7)], images)
    test = predict(1, 5)
    images.loc[5, "label"] = "ant"
    with pytest.raises(DataError, match="left from another run"):
        join_test(out_of_fold, test, images)
