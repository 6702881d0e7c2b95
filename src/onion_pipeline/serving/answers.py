"""What a served model says of pictures, as a table that JSON, Spark and pandas can hold."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame
from onion_pipeline.evaluation.conformal import form_prediction_sets
from onion_pipeline.evaluation.predictions import PROBABILITY
from onion_pipeline.serving.config import ServingConfig


def tabulate_answers(
    probabilities: NDArray[np.floating[Any]],
    errors: Sequence[str],
    config: ServingConfig,
    version: str | None,
) -> DataFrame:
    """Return one row per picture.

    Args:
        probabilities: float, (G, K), of the G pictures that could be decoded, in their order.
        errors: why each of N pictures could not be decoded; empty for G of them.
        config: the names of the K classes, and when to abstain.
        version: of the model, if it is known.

    Returns:
        Columns ``label``, ``confidence``, ``probability_<class>``, ``prediction_set`` (lists of
        labels, the likeliest first), ``abstained``, ``model_version`` and ``error``. For a
        picture with an error, the model abstains, and the columns before that are ``None``: NaN
        would make what a server answers to a whole batch invalid JSON.
    """
    good = np.flatnonzero([not error for error in errors])
    answers = _describe(probabilities.astype(np.float64), config)
    abstained = np.ones(len(errors), bool)
    abstained[good] = answers["confidence"] < (config.confidence_threshold or 0)
    if len(good) < len(errors):
        answers = answers.astype(object).set_axis(good).reindex(range(len(errors)))
        answers = answers.where(answers.notna(), None)
    return answers.assign(abstained=abstained, model_version=version, error=errors)


def _describe(probabilities: NDArray[np.float64], config: ServingConfig) -> DataFrame:
    names = np.asarray(config.class_names, dtype=object)
    columns = {f"{PROBABILITY}{name}": probabilities[:, i] for i, name in enumerate(names)}
    return pd.DataFrame(
        {
            "label": names[probabilities.argmax(axis=1)],
            "confidence": probabilities.max(axis=1),
            **columns,
            "prediction_set": pd.Series(_form_sets(probabilities, config), dtype=object),
        }
    )


def _form_sets(
    probabilities: NDArray[np.float64], config: ServingConfig
) -> list[list[str]] | list[None]:
    """Return the labels of each prediction set, the likeliest first; ``None`` without threshold."""
    if config.set_threshold is None:
        return [None] * len(probabilities)
    members = form_prediction_sets(probabilities, config.set_threshold)
    ranked = np.argsort(-probabilities, axis=1, kind="stable")
    return [
        [config.class_names[number] for number in order if is_member[number]]
        for order, is_member in zip(ranked, members, strict=True)
    ]
