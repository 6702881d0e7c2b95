"""The figures of a test, each a documented formula."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, Ids, Probabilities
from onion_pipeline.evaluation.intervals import (
    class_intervals,
    cluster_class_intervals,
    hits_interval,
)
from onion_pipeline.evaluation.macro_f1 import macro_f1_interval
from onion_pipeline.evaluation.predictions import find_ids, read_predictions
from onion_pipeline.evaluation.weakest import find_weakest

# Probabilities below it count as it in the log loss, so that one certain mistake is not infinite.
SMALLEST_PROBABILITY = 1e-7
FIGURES = ["precision", "recall", "f1"]


def measure_predictions(
    predictions: DataFrame,
    class_names: Sequence[str],
    confidence_level: float,
    top_k: int,
    clusters: Ids | None = None,
) -> dict[str, Any]:
    """Return the figures of the test as plain numbers.

    Intervals count the `clusters`, int64 (N,), of pictures that belong together, if there are any.

    Returns:
        ``accuracy``; ``accuracy_interval`` (Wilson, low and high); ``macro_f1``;
        ``macro_f1_interval`` (delta method), both over the classes that have test images;
        ``log_loss`` (natural logarithm, mean over images); ``test_images``; ``test_clusters``, if
        pictures belong together, how many are apart; ``top_<k>_accuracy``, how often the right
        class is among the `top_k` likeliest, if there are more classes.
    """
    from sklearn.metrics import top_k_accuracy_score

    truth, probabilities = read_predictions(predictions, class_names)
    predicted = find_ids(predictions["predicted"], class_names)
    is_right = truth == predicted
    f1 = tabulate_classes(predictions, class_names, confidence_level)["f1"]
    metrics = {
        "accuracy": int(is_right.sum()) / len(predictions),
        "accuracy_interval": list(hits_interval(is_right, clusters, confidence_level)),
        "macro_f1": float(f1.mean()),
        "macro_f1_interval": list(
            macro_f1_interval(truth, predicted, len(class_names), confidence_level, clusters)
        ),
        "log_loss": log_loss(truth, probabilities),
        "test_images": len(predictions),
    }
    if clusters is not None:
        metrics["test_clusters"] = len(np.unique(clusters))
    ids = range(len(class_names))
    if top_k < len(ids):
        found = top_k_accuracy_score(truth, probabilities, k=top_k, labels=ids)
        metrics[f"top_{top_k}_accuracy"] = float(found)
    return metrics


def measure_variants(predictions: DataFrame, class_names: Sequence[str]) -> dict[str, float]:
    """Return the figures of answers by the mean over variants: test-time augmentation.

    They are ``accuracy_with_variants`` and ``log_loss_with_variants``; none without predictions.
    """
    if predictions.empty:
        return {}
    return {
        "accuracy_with_variants": float((predictions["label"] == predictions["predicted"]).mean()),
        "log_loss_with_variants": log_loss(*read_predictions(predictions, class_names)),
    }


def tabulate_classes(
    predictions: DataFrame,
    class_names: Sequence[str],
    confidence_level: float,
    clusters: Ids | None = None,
) -> DataFrame:
    """Return precision, recall and F1 of each class, with their intervals.

    With ``C`` the confusion matrix (rows true, columns predicted): precision is
    ``C_kk / sum_i C_ik``, recall ``C_kk / sum_j C_kj``, F1 their harmonic mean
    ``2 C_kk / (sum_i C_ik + sum_j C_kj)``. Of a class without a test image nothing is known, of
    one that was never predicted not the precision: there, figures and intervals are NaN.

    Returns:
        Columns ``class``, ``precision``, ``recall``, ``f1``, ``support`` (test images), and
        ``precision_low``, ``precision_high`` and so on, from
        :func:`~onion_pipeline.evaluation.intervals.class_intervals`; ``is_weakest``: true for the
        class that is clearly recognised less often than the others, if there is one.
    """
    import pandas as pd
    from sklearn.metrics import precision_recall_fscore_support

    truth, predicted = (find_ids(predictions[name], class_names) for name in ("label", "predicted"))
    *figures, support = precision_recall_fscore_support(
        truth, predicted, labels=range(len(class_names)), zero_division=np.nan
    )
    table = pd.DataFrame({"class": list(class_names), **dict(zip(FIGURES, figures, strict=True))})
    table.loc[support == 0, FIGURES] = np.nan
    table["support"] = support
    if clusters is None:
        found = class_intervals(count_confusions(predictions, class_names), confidence_level)
    else:
        found = cluster_class_intervals(
            truth, predicted, len(class_names), confidence_level, clusters
        )
    for name, bounds in found.items():
        known = np.where(table[[name]].isna(), np.nan, bounds)
        table[f"{name}_low"], table[f"{name}_high"] = known.T
    tested = np.flatnonzero(support)
    parts = [truth == each for each in tested]
    weakest = find_weakest(parts, truth == predicted, 1 - confidence_level, clusters)
    table["is_weakest"] = table.index == (None if weakest is None else tested[weakest])
    return table


def count_confusions(predictions: DataFrame, class_names: Sequence[str]) -> NDArray[np.int64]:
    """Return the confusion matrix: the images of class i that were predicted as class j.

    As in scikit-learn, rows are the truth; Wikipedia and some libraries swap the axes.
    """
    import pandas as pd

    counts = pd.crosstab(predictions["label"], predictions["predicted"])
    return counts.reindex(index=class_names, columns=class_names, fill_value=0).to_numpy()


def log_loss(truth: Ids, probabilities: Probabilities) -> float:
    """Return the mean of ``-ln p`` over the probabilities p of the right classes.

    Not by scikit-learn, to which the float32 probabilities of a softmax do not add up to 1.
    """
    right = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(right, SMALLEST_PROBABILITY)).mean())
