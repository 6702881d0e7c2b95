import pandas as pd
import pytest

from onion_pipeline.reporting.facts import (
    find_threshold,
    read_figures,
    tell_label_issues,
    tell_registration,
)


def read(metrics, level=None):
    return [str(figure).replace("\u00a0", " ") for figure in read_figures(metrics, metrics, level)]


@pytest.mark.parametrize(
    ("metrics", "level", "said"),
    [
        ({"accuracy": 0.955}, 0.9, "95.5 %"),
        ({"top_5_accuracy": 1.0}, None, "100 %"),
        ({"accuracy_with_variants": 0.96}, None, "96.0 %"),
        ({"macro_f1": 0.95}, None, "0.950"),
    ],
)
def test_a_figure_is_a_share_or_a_number(metrics, level, said):
    assert read(metrics, level) == [said]


def test_a_figure_has_its_interval_whose_level_may_be_named():
    metrics = {"accuracy": 0.5, "accuracy_interval": [0.25, 0.75]}
    names = ["accuracy"]
    named, bare = next(read_figures(metrics, names, 0.99)), next(read_figures(metrics, names))
    assert named.interval == "99\u00a0% interval 25.0 to 75.0\u00a0%"
    assert str(bare) == "50.0\u00a0% (25.0 to 75.0\u00a0%)"


def test_a_figure_without_a_value_is_not_told():
    assert read({"accuracy": None, "log_loss": float("nan")}) == []


@pytest.mark.parametrize(
    ("wrong", "audited", "said"),
    [
        (0, None, "0 labels are probably wrong"),
        (1, None, "1 label is probably wrong"),
        (3, 2000, "3 of 2,000 labels are probably wrong"),
    ],
)
def test_wrong_labels_are_counted(wrong, audited, said):
    table = pd.DataFrame({"path": ["1.jpg"] * wrong})
    assert tell_label_issues(table, audited).replace("\u00a0", " ") == said


def test_a_pending_model_comes_with_the_reason():
    told = tell_registration({"status": "pending", "reason": "MLflow has gone."})
    assert told == "not registered yet: MLflow has gone"


@pytest.mark.parametrize(
    ("threshold", "found"), [(None, None), (0.0, None), (0.8, 0.8), (2.0, 2.0)]
)
def test_a_model_abstains_below_a_threshold_that_is_above_zero(threshold, found):
    assert find_threshold({"confidence_threshold": threshold}) == found
