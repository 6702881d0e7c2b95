"""A challenger beside a champion, and beside no skill at all, as the tables of a report."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from onion_pipeline.annotations import Ids
from onion_pipeline.evaluation.baselines import find_best_constant
from onion_pipeline.evaluation.significance import (
    compare_accuracy,
    compare_macro_f1,
    find_noticeable_difference,
)

Metric = Literal["accuracy", "macro_f1"]


def compare_with_majority(
    truth: Ids, named: Ids, class_names: Sequence[str], majority: str
) -> dict[str, Any]:
    """Compare what a classifier has `named`, (N,), with the best answer that is always the same.

    That is of :func:`~onion_pipeline.evaluation.baselines.find_best_constant`. By McNemar's exact
    test, not by macro F1: that of always naming one class is nearly 0, and guessing does better.

    Returns:
        ``class``, ``images``, ``accuracy``, ``majority_accuracy``, ``p_value``.
    """
    constant = find_best_constant(truth, list(class_names).index(majority), len(class_names))
    found = compare_accuracy(truth, named, np.full_like(truth, constant))
    return {
        "class": class_names[constant],
        "images": len(truth),
        "accuracy": found.first,
        "majority_accuracy": found.second,
        "p_value": found.p_value,
    }


def compare_answers(  # noqa: PLR0913
    truth: Ids,
    challenger: Ids,
    champion: Ids,
    class_names: Sequence[str],
    metric: Metric,
    *,
    level: float,
) -> dict[str, Any]:
    """Compare two classifiers as a whole and class by class.

    Args:
        truth: int64, (N,), ids in [0, K).
        challenger: the same of the class that the challenger names.
        champion: the same of the class that the champion names.
        class_names: K labels.
        metric: by which they are compared as a whole.
        level: of the lower bound.

    Returns:
        ``metric``; its value for ``challenger`` and ``champion``, their ``difference``, its
        ``p_value`` and ``lowest_difference``, what it is at least but for chance; ``images``;
        ``agreement``, the table of McNemar's test; ``classes``, for each the images, both recalls
        and how probable it is that chance alone lets the challenger lose so many of its images, by
        McNemar's exact test, one-sided. Of accuracies also ``noticeable_difference``, which is
        seen in 80 of 100 tests of so many images.
    """
    noticeable = {}
    if metric == "accuracy":
        found = compare_accuracy(truth, challenger, champion, level)
        disagreement = float(((challenger == truth) != (champion == truth)).mean())
        smallest = find_noticeable_difference(len(truth), disagreement, level)
        noticeable = {"noticeable_difference": smallest}
    else:
        found = compare_macro_f1(truth, challenger, champion, len(class_names), level=level)
    one, other = challenger == truth, champion == truth
    agreement = {
        "both_right": one & other,
        "only_challenger": one & ~other,
        "only_champion": other & ~one,
        "neither": ~one & ~other,
    }
    images = [np.bincount(truth[rows], minlength=len(class_names)) for rows in agreement.values()]
    return {
        "metric": metric,
        "challenger": found.first,
        "champion": found.second,
        "difference": found.first - found.second,
        "p_value": found.p_value,
        "lowest_difference": found.lowest,
        **noticeable,
        "images": len(truth),
        "agreement": {name: int(rows.sum()) for name, rows in agreement.items()},
        "classes": _tabulate_classes(class_names, *images),
    }


def _tabulate_classes(
    class_names: Sequence[str], both: Ids, won: Ids, lost: Ids, neither: Ids
) -> list[dict[str, Any]]:
    import pandas as pd
    from scipy.stats import binom

    images = both + won + lost + neither
    known = np.where(images, images, np.nan)
    table = pd.DataFrame(
        {
            "class": list(class_names),
            "images": images,
            "challenger": (both + won) / known,
            "champion": (both + lost) / known,
            "p_value": binom.sf(lost - 1, lost + won, 0.5),
        }
    )
    return table.astype(object).where(table.notna(), None).to_dict("records")
