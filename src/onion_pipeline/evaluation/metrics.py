"""The figures of a test, each a documented formula."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame
from onion_pipeline.evaluation.intervals import (
    bootstrap_macro_f1,
    class_intervals,
    wilson_interval,
)
from onion_pipeline.evaluation.predictions import find_ids, read_probabilities

# Probabilities below it count as it in the log loss, so that one certain mistake is not infinite.
SMALLEST_PROBABILITY = 1e-7


def compute_metrics(
    predictions: DataFrame, class_names: Sequence[str], confidence_level: float, top_k: int
) -> dict[str, Any]:
    """Return the figures of the test as plain numbers.

    Args:
        predictions: from :func:`~onion_pipeline.evaluation.predictions.tabulate_predictions`.
        class_names: K labels.
        confidence_level: of the intervals, for example 0.95.
        top_k: how many of the likeliest classes may contain the right one; left out of the
            result where `top_k` is not below K.

    Returns:
        ``accuracy``; ``accuracy_interval`` (Wilson, low and high); ``macro_f1``;
        ``macro_f1_interval`` (bootstrap), both over the classes that have test images;
        ``log_loss`` (natural logarithm, mean over images); ``top_<k>_accuracy``; ``test_images``.
    """
    probabilities = read_probabilities(predictions, class_names)
    truth = find_ids(predictions["label"], class_names)
    right = int((predictions["label"] == predictions["predicted"]).sum())
    matrix = confusion_matrix(predictions, class_names)
    report = report_classes(predictions, class_names, confidence_level)
    metrics = {
        "accuracy": right / len(predictions),
        "accuracy_interval": list(wilson_interval(right, len(predictions), confidence_level)),
        "macro_f1": float(report["f1"].mean()),
        "macro_f1_interval": list(bootstrap_macro_f1(matrix, confidence_level)),
        "log_loss": log_loss(truth, probabilities),
        "test_images": len(predictions),
    }
    if top_k < len(class_names):
        metrics[f"top_{top_k}_accuracy"] = top_k_accuracy(truth, probabilities, top_k)
    return metrics


def measure_variants(predictions: DataFrame, class_names: Sequence[str]) -> dict[str, float]:
    """Return the figures of answers by the mean over variants: test-time augmentation.

    Args:
        predictions: a table of predictions; without a row if that was not wanted.
        class_names: K labels.

    Returns:
        ``accuracy_with_variants`` and ``log_loss_with_variants``, or nothing.
    """
    if predictions.empty:
        return {}
    truth = find_ids(predictions["label"], class_names)
    return {
        "accuracy_with_variants": float((predictions["label"] == predictions["predicted"]).mean()),
        "log_loss_with_variants": log_loss(truth, read_probabilities(predictions, class_names)),
    }


def report_classes(
    predictions: DataFrame, class_names: Sequence[str], confidence_level: float
) -> DataFrame:
    """Return precision, recall and F1 of each class, with their intervals.

    With ``C`` the confusion matrix (rows true, columns predicted): precision is
    ``C_kk / sum_i C_ik``, recall ``C_kk / sum_j C_kj``, F1 their harmonic mean
    ``2 C_kk / (sum_i C_ik + sum_j C_kj)``. Of a class without a test image nothing is known, of
    one that was never predicted not the precision: there, figures and intervals are NaN.

    Args:
        predictions: the table of predictions.
        class_names: K labels.
        confidence_level: of the intervals, for example 0.95.

    Returns:
        Columns ``class``, ``precision``, ``recall``, ``f1``, ``support`` (test images), and
        ``precision_low``, ``precision_high`` and so on, from
        :func:`~onion_pipeline.evaluation.intervals.class_intervals`.
    """
    import pandas as pd

    matrix = confusion_matrix(predictions, class_names)
    hits, predicted, support = matrix.diagonal(), matrix.sum(axis=0), matrix.sum(axis=1)
    is_tested = support > 0
    figures = {
        "precision": hits / np.where(is_tested & (predicted > 0), predicted, np.nan),
        "recall": hits / np.where(is_tested, support, np.nan),
        "f1": 2 * hits / np.where(is_tested, predicted + support, np.nan),
    }
    intervals = class_intervals(matrix, confidence_level)
    return pd.DataFrame(
        {
            "class": list(class_names),
            **figures,
            "support": support,
            **{
                f"{name}_{end}": np.where(np.isnan(figures[name]), np.nan, bounds[:, column])
                for name, bounds in intervals.items()
                for column, end in enumerate(("low", "high"))
            },
        }
    )


def confusion_matrix(predictions: DataFrame, class_names: Sequence[str]) -> NDArray[np.int64]:
    """Return ``C_ij``: the images of class i that were predicted as class j.

    As in scikit-learn, rows are the truth; Wikipedia and some libraries swap the axes.
    """
    count = len(class_names)
    cells = find_ids(predictions["label"], class_names) * count + find_ids(
        predictions["predicted"], class_names
    )
    return np.bincount(cells, minlength=count**2).reshape(count, count)


def log_loss(truth: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float:
    """Return the mean of ``-ln p`` over the probabilities p of the right classes."""
    right = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(right, SMALLEST_PROBABILITY)).mean())


def top_k_accuracy(truth: NDArray[np.int64], probabilities: NDArray[np.float64], k: int) -> float:
    """Return the share of images whose right class is among the `k` likeliest.

    Ties go to the class with the smaller id.
    """
    likeliest = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    return float((likeliest == truth[:, None]).any(axis=1).mean())
