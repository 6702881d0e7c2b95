"""A challenger beside a champion, and beside no skill at all, as the tables of a report."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from onion_pipeline.evaluation.significance import (
    Ids,
    compare_accuracy,
    compare_macro_f1,
    compare_recalls,
    count_agreement,
)

Metric = Literal["accuracy", "macro_f1"]

AGREEMENT = ("both_right", "only_challenger", "only_champion", "neither")


class Answers(NamedTuple):
    """What two classifiers say of the same N images.

    Args:
        truth: int64, (N,), ids in [0, K).
        challenger: the same of the class that the challenger names.
        champion: the same of the class that the champion names.
        class_names: K labels.
    """

    truth: Ids
    challenger: Ids
    champion: Ids
    class_names: Sequence[str]


def compare_with_majority(
    truth: Ids, named: Ids, class_names: Sequence[str], majority: str
) -> dict[str, Any]:
    """Compare a classifier with always naming one class, by McNemar's exact test.

    Not by macro F1: that of always naming one class is nearly 0, and guessing does better.

    Args:
        truth: int64, (N,), ids in [0, K).
        named: the same of the class that the classifier names.
        class_names: K labels.
        majority: the label that is always named.

    Returns:
        ``class``, ``images``, ``accuracy``, ``majority_accuracy``, ``p_value``.
    """
    always = np.full_like(truth, list(class_names).index(majority))
    found = compare_accuracy(truth, named, always)
    return {
        "class": majority,
        "images": len(truth),
        "accuracy": found.first,
        "majority_accuracy": found.second,
        "p_value": found.p_value,
    }


def compare_answers(answers: Answers, metric: Metric) -> dict[str, Any]:
    """Compare two classifiers as a whole and class by class.

    Returns:
        ``metric``; its value for ``challenger`` and ``champion``, their ``difference`` and its
        ``p_value``; ``images``; ``agreement``, the table of McNemar's test; ``classes``, for each
        the images, both recalls and the p-value of a loss.
    """
    truth, challenger, champion, class_names = answers
    if metric == "accuracy":
        found = compare_accuracy(truth, challenger, champion)
    else:
        found = compare_macro_f1(truth, challenger, champion, len(class_names))
    table = count_agreement(truth, challenger, champion)
    return {
        "metric": metric,
        "challenger": found.first,
        "champion": found.second,
        "difference": found.size,
        "p_value": found.p_value,
        "images": len(truth),
        "agreement": dict(zip(AGREEMENT, table, strict=True)),
        "classes": _tabulate_classes(answers),
    }


def _tabulate_classes(answers: Answers) -> list[dict[str, Any]]:
    truth, challenger, champion, class_names = answers
    recalls, chance = compare_recalls(truth, challenger, champion, len(class_names))
    images = np.bincount(truth, minlength=len(class_names))
    return [
        {
            "class": name,
            "images": int(images[number]),
            "challenger": float(recalls[number, 0]) if images[number] else None,
            "champion": float(recalls[number, 1]) if images[number] else None,
            "p_value": float(chance[number]),
        }
        for number, name in enumerate(class_names)
    ]
