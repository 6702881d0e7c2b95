import numpy as np
import pandas as pd
import pytest

from onion_pipeline.evaluation.intervals import wilson_interval
from onion_pipeline.evaluation.leaks import find_leaked, measure_without_leaked


@pytest.fixture
def splits():
    """Of the test, `b` is in the cluster of an image for training, `e` in one for validation."""
    return pd.DataFrame(
        {
            "path": list("abcdefg"),
            "split": ["train", "test", "test", "validation", "test", "left_out", "test"],
            "cluster": [0, 0, 2, 3, 3, 5, 5],
        }
    )


def test_what_belongs_together_with_other_splits_is_leaked(splits):
    leaked = find_leaked(splits, pd.Series(list("gbec")))
    assert leaked.tolist() == [False, True, True, False]


def test_the_accuracy_is_that_of_the_others():
    predictions = pd.DataFrame({"label": list("xxxxx"), "predicted": list("xxxyx")})
    leaked = np.array([True, True, False, False, False])
    assert measure_without_leaked(predictions, leaked, 0.9) == {
        "leaked_images": 2,
        "accuracy_without_leaked": 2 / 3,
        "accuracy_without_leaked_interval": wilson_interval(2, 3, 0.9).tolist(),
        "test_images_without_leaked": 3,
    }


@pytest.mark.parametrize("share", [0, 1])
def test_without_leaks_or_without_others_there_is_no_figure_beside(share):
    predictions = pd.DataFrame({"label": list("xy"), "predicted": list("xx")})
    found = measure_without_leaked(predictions, np.full(2, bool(share)), 0.95)
    assert found == {"leaked_images": 2 * share}
