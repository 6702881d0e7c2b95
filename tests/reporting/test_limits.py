import pandas as pd
import pytest

from onion_pipeline.reporting.limits import list_limits


@pytest.fixture
def list_changed(make_findings):
    """A function that returns the limits as one text, without the spaces that do not break."""

    def list_(**changes):
        return "\n".join(list_limits(make_findings(**changes))).replace("\u00a0", " ")

    return list_


def test_what_the_facts_say_is_told(list_changed):
    assert list_changed().splitlines() == [
        "It knows 2 classes and nothing else: a picture of something else gets one of their names, "
        "unless it is too unsure to answer.",
        "The test pictures come from the same collection as the training pictures. How well it "
        "does on pictures taken otherwise (another camera, light, background or hand) is not "
        "known.",
        "The test has 200 pictures only: the true accuracy may lie anywhere from 91.7 to 97.6 %.",
        "It is weakest at class bee: it recognises 95.0 % of 100 pictures.",
        "Its commonest mistake is to take bee for ant (5 times in the test).",
        "It is weakest where brightness is darkest quarter: 80.0 % of 50 pictures are right.",
        "Even at medium strength it does not bear gaussian noise (65.0 % right).",
    ]


@pytest.mark.parametrize("threshold", [None, 0.0])
def test_a_model_that_always_answers_is_said_to(list_changed, threshold):
    said = list_changed(operating_point={"confidence_threshold": threshold})
    assert "gets one of their names.\n" in said


def test_a_large_test_and_no_mistake_are_no_limits(list_changed, parts):
    metrics = parts["metrics"] | {"accuracy_interval": [0.95, 0.96]}
    perfect = parts["class_report"].assign(recall=1.0)
    right = pd.DataFrame({"label": ["ant"], "predicted": ["ant"]})
    said = list_changed(metrics=metrics, class_report=perfect, test_predictions=right)
    assert "pictures only" not in said
    assert "class bee" not in said
    assert "mistake" not in said


def test_classes_with_few_pictures_are_named(list_changed, parts):
    counts = {
        "ant": {"train": 99, "validation": 9, "test": 30},
        "bee": {"train": 100, "validation": 9, "test": 29},
    }
    said = list_changed(data_report=parts["data_report"] | {"classes": counts})
    assert "ant has fewer than 100 pictures to learn from." in said
    assert "bee has fewer than 30 pictures to be tested with." in said


def test_classes_without_pictures_are_named(list_changed, parts):
    counts = {
        "ant": {"train": 100, "validation": 0, "test": 30},
        "bee": {"train": 100, "validation": 9, "test": 0},
    }
    said = list_changed(data_report=parts["data_report"] | {"classes": counts})
    assert "There are no test pictures of bee: how well it recognises them is not known" in said
    assert "There are no validation pictures of ant: " in said
    assert "fewer than" not in said


def test_few_pictures_of_all_classes_are_told_once(list_changed, parts):
    counts = {name: {"train": 9, "validation": 9, "test": 9} for name in ("ant", "bee")}
    said = list_changed(data_report=parts["data_report"] | {"classes": counts})
    assert "No class has as many as 100 pictures to learn from." in said


@pytest.mark.parametrize(("ratio", "told"), [(2.9, False), (3.0, True)])
def test_uneven_classes_are_told(list_changed, parts, ratio, told):
    uneven = parts["data_report"]["imbalance"] | {"ratio": ratio}
    said = list_changed(data_report=parts["data_report"] | {"imbalance": uneven})
    assert ("of ant there are 3.0 times as many pictures as of bee" in said) is told


def test_contradicting_labels_are_told(list_changed, parts):
    found = parts["data_report"]["duplicates"] | {"contradicting_labels": {"pairs": 2}}
    said = list_changed(data_report=parts["data_report"] | {"duplicates": found})
    assert "There are 2 pairs of equal or nearly equal pictures with different labels" in said
    assert "some labels are wrong" not in said  # nearly equal ones may be different things


def test_a_confidence_that_is_far_off_is_told(list_changed, parts):
    off = {"calibration_error": 0.12, "calibration_error_by_chance": 0.03}
    said = list_changed(metrics=parts["metrics"] | off | {"calibration_p_value": 0.001})
    assert "on average it is off by 12.0 %, where chance would make 3.0 %" in said


def test_a_confidence_that_chance_puts_off_is_not_called_wrong(list_changed, parts):
    off = {"calibration_error": 0.09, "calibration_error_by_chance": 0.08}
    said = list_changed(metrics=parts["metrics"] | off | {"calibration_p_value": 0.3})
    assert "taken at its word" not in said


def test_a_class_that_is_the_worst_slice_is_told_once(list_changed, parts):
    worst = parts["slices"].assign(column="class", value="bee")
    assert "where class is" not in list_changed(slices=worst)


def test_a_model_that_is_no_better_than_a_simple_one_is_said_to_be(list_changed, parts):
    baselines = parts["baselines"].assign(p_value=[None, 0.3])
    said = list_changed(baselines=baselines)
    assert (
        "It is not clearly better than always naming the most frequent class of the test." in said
    )


def test_a_model_that_was_not_tested_on_corrupted_pictures_is_not_blamed(list_changed):
    assert "does not bear" not in list_changed(robustness=pd.DataFrame())


def test_classes_that_come_with_other_frequencies_than_expected_are_named(list_changed, parts):
    report = parts["class_report"]
    fine = report.assign(expected=report["support"], frequency_p_value=1.0)
    assert "other frequencies" not in list_changed(class_report=fine)
    report = report.assign(expected=[130.5, 69.5], frequency_p_value=[0.001, 0.2])
    assert (
        "The classes come in the test with other frequencies than it expects: its probabilities "
        "add up, for ant to 130.5, of which there are 100."
    ) in list_changed(class_report=report)


LEAKED = {
    "leaked_images": 40,
    "accuracy_without_leaked": 0.9,
    "accuracy_without_leaked_interval": [0.846, 0.936],
    "test_images_without_leaked": 160,
}


def test_pictures_that_it_knew_are_told_with_the_figure_without_them(list_changed, parts):
    said = list_changed(metrics=parts["metrics"] | LEAKED)
    assert (
        "Of the 200 test pictures, 40 are among those for training or validation, too, nearly the "
        "same as one of them or of the same group, and every other figure of the test is too kind: "
        "it was right in 90.0 % (84.6 to 93.6 %) of the other 160 pictures, and in"
    ) in said
    assert "test is too kind" not in list_changed(metrics=parts["metrics"] | {"leaked_images": 0})


def test_a_test_of_which_it_knew_everything_says_nothing(list_changed, parts):
    said = list_changed(metrics=parts["metrics"] | {"leaked_images": 200})
    assert "every other figure of the test is too kind: how good it is with others" in said


def test_pictures_that_belong_together_are_told_of(list_changed, parts):
    said = list_changed(metrics=parts["metrics"] | {"test_clusters": 30})
    assert "30 groups of pictures: intervals count groups, not pictures." in said
    assert "intervals count groups" not in list_changed()


def test_a_class_that_chance_may_have_made_the_weakest_is_not_called_so(list_changed, parts):
    said = list_changed(class_report=parts["class_report"].assign(is_weakest=False))
    assert "No class is clearly weaker than the others" in said
    assert "weakest at class" not in said
