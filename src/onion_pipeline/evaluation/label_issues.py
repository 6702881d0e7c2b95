"""Labels that are probably wrong, by confident learning."""

from collections.abc import Sequence

from onion_pipeline.annotations import DataFrame
from onion_pipeline.errors import DataError
from onion_pipeline.evaluation.predictions import read_predictions
from onion_pipeline.images.stratification import SPLITS


def join_folds(tables: Sequence[DataFrame], images: DataFrame) -> DataFrame:
    """Return the predictions of all folds as one table, in the order of `images`.

    Args:
        tables: of predictions, of other images each.
        images: columns ``path``, ``split``, ``fold``, which the result has, too.
    """
    import pandas as pd

    images = images[["path", "split", "fold"]]
    return images.merge(pd.concat(tables), on="path", validate="one_to_one")


def join_test(out_of_fold: DataFrame, test: DataFrame, images: DataFrame) -> DataFrame:
    """Return the predictions of all images: none by a network that was trained on it.

    Args:
        out_of_fold: from :func:`join_folds`, of the images for training and validation.
        test: the table of predictions of the images for the test.
        images: columns ``path``, ``label``, ``split``; one row per image.

    Returns:
        The columns of `out_of_fold`; one row for each image that is in a split.

    Raises:
        DataError: the tables are of different files.
    """
    import pandas as pd

    joined = pd.concat([out_of_fold, test.assign(split="test")], ignore_index=True)
    expected = images[images["split"].isin(SPLITS)]
    found, wanted = (
        set(zip(each["path"], each["label"], strict=True)) for each in (joined, expected)
    )
    if found != wanted:
        raise DataError(
            f"The predictions of {len(joined)} images and the {len(expected)} images in "
            "image_splits are of different files: some are left from another run. Make all "
            "anew: kedro run, then kedro run --pipelines audit"
        )
    return joined


def find_label_issues(predictions: DataFrame, class_names: Sequence[str]) -> DataFrame:
    """Return the images whose label is probably wrong, worst first.

    How many these are is estimated by confident learning: those that are at least as likely of
    another class, their likeliest, as images that bear its name are on average. So many are
    returned, of the least margin between the probability of the label and the largest other.
    Where 5 % of the labels of the digits had been made wrong, this filter of cleanlab found 90 % of
    them and was right in 96 %; its default, ``prune_by_noise_rate``, found 92 % and was right in
    86 %.

    Returns:
        Columns ``path``, ``split``, ``label``, ``suggested_label`` (the likeliest class),
        ``label_quality`` (the probability of the label; cleanlab's self-confidence score) and
        ``confidence`` (the probability of the suggested label).

    Source: Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset
    Labels", Journal of Artificial Intelligence Research 70, 2021.
    """
    from cleanlab import filter as filters
    from cleanlab.rank import get_label_quality_scores

    read = read_predictions(predictions, class_names)
    # One process: it takes milliseconds, and a fork beside TensorFlow's threads may hang.
    wrong = filters.find_label_issues(*read, filter_by="low_normalized_margin", n_jobs=1)
    issues = predictions.rename(columns={"predicted": "suggested_label"}).assign(
        label_quality=get_label_quality_scores(*read, method="self_confidence")
    )
    columns = ["path", "split", "label", "suggested_label", "label_quality", "confidence"]
    return issues.loc[wrong, columns].sort_values(["label_quality", "path"], ignore_index=True)
