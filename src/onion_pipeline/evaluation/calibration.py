"""Whether a probability of 80 % is right in 80 of 100 cases, and how to make it so."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import Ids, KerasModel, Pixels, Probabilities
from onion_pipeline.evaluation.calibration_error import calibration_error, compare_with_chance
from onion_pipeline.evaluation.metrics import log_loss
from onion_pipeline.evaluation.predictions import predict_probabilities
from onion_pipeline.model.copying import copy_network

# Between these a temperature is looked for; a trained network's is between 0.5 and 5.
COLDEST, HOTTEST = 0.05, 20.0
SMALLEST = float(np.finfo(np.float32).tiny)

Shifts = NDArray[np.float64]


def calibrate_probabilities(
    model: KerasModel, images: Pixels, labels: Ids, shifts: Shifts | None = None
) -> tuple[KerasModel, dict[str, Any], Probabilities]:
    """Return a copy of `model` whose probabilities are calibrated, by temperature scaling.

    The weights of the head are divided by the temperature, and the shifts are added to its bias,
    so that every copy of the model has both, in whatever format. Without shifts, the order of the
    classes stays, and with it every label.

    Args:
        model: ends in a dense layer with softmax; left as it is.
        images: uint8, (N, H, W, C); the validation images.
        labels: int64, (N,).
        shifts: float64, (K,), of :func:`~onion_pipeline.evaluation.frequencies.find_shifts`:
            what is added to the score of each class afterwards; ``None`` for nothing.

    Returns:
        The copy; ``temperature``, by which the scores before the softmax are divided, above 1
        where the network was too sure; ``validation_log_loss`` with it, and
        ``validation_log_loss_before`` without it, never lower; ``validation_images``, N;
        ``shifts``, K of them; and what the copy answers for the images, float32 (N, K).

    Source: Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.
    """
    shifts = np.zeros(model.output_shape[-1]) if shifts is None else shifts
    raw = predict_probabilities(model, images)
    temperature = fit_temperature(labels, raw.astype(np.float64), shifts)
    shifted = _adjust_scores(model, 1.0, shifts)
    uncalibrated = predict_probabilities(shifted, images) if shifts.any() else raw
    before = log_loss(labels, uncalibrated.astype(np.float64))
    calibrated = _adjust_scores(model, temperature, shifts)
    answers = predict_probabilities(calibrated, images)
    after = log_loss(labels, answers.astype(np.float64))
    if after >= before:  # no better once its weights are rounded
        calibrated, temperature, after = shifted, 1.0, before
        answers = uncalibrated
    figures = {
        "temperature": temperature,
        "validation_log_loss": after,
        "validation_log_loss_before": before,
        "validation_images": len(labels),
        "shifts": shifts.tolist(),
    }
    return calibrated, figures, answers


def fit_temperature(
    labels: Ids, probabilities: Probabilities, shifts: Shifts | None = None
) -> float:
    """Return the temperature with the least log loss, before `shifts`, (K,); 1 if none is better.

    The log loss is convex in the inverse of the temperature, so the one minimum is found.
    """
    from scipy.optimize import minimize_scalar

    def loss_at(logarithm: float) -> float:
        return log_loss(labels, apply_temperature(probabilities, float(np.exp(logarithm)), shifts))

    found = minimize_scalar(loss_at, bounds=np.log([COLDEST, HOTTEST]), method="bounded")
    return float(np.exp(found.x)) if found.fun < loss_at(0.0) else 1.0


def apply_temperature(
    probabilities: Probabilities, temperature: float, shifts: Shifts | None = None
) -> NDArray[np.float64]:
    """Return the probabilities, (N, K), of scores that are divided by `temperature`.

    To the scores `shifts`, (K,), are added then.
    """
    from scipy.special import softmax

    scores = _compute_scores(probabilities) / temperature
    return np.asarray(softmax(scores if shifts is None else scores + shifts, axis=1))


def undo_calibration(
    probabilities: Probabilities, temperature: float, shifts: Shifts | Sequence[float]
) -> NDArray[np.float64]:
    """Return the probabilities, (N, K), that :func:`apply_temperature` was given."""
    from scipy.special import softmax

    scores = (_compute_scores(probabilities) - np.asarray(shifts)) / (1 / temperature)
    return np.asarray(softmax(scores, axis=1))


def measure_calibration(
    labels: Ids, probabilities: Probabilities, calibration: Mapping[str, Any]
) -> dict[str, float]:
    """Return how well probabilities are calibrated, as they are and as the network gave them.

    The `probabilities`, (N, K), are those of a model with the ``temperature`` and the ``shifts``
    of `calibration` in it.

    Returns:
        ``calibration_error``, ``brier_score`` (the mean over images of ``sum_k (p_k - y_k)²``, from
        0 to 2) and the same with ``_uncalibrated`` after their names, as ``log_loss_uncalibrated``;
        and, of :func:`~onion_pipeline.evaluation.calibration_error.compare_with_chance`,
        ``calibration_error_by_chance`` and ``calibration_p_value``.

    Source: Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather
    Review 78, 1950: his form; scikit-learn's ``scale_by_half=False``, to which the probabilities of
    a softmax in float32 do not add up to 1.
    """
    before = undo_calibration(probabilities, calibration["temperature"], calibration["shifts"])
    truth = np.eye(probabilities.shape[1])[labels]
    by_chance = compare_with_chance(labels, probabilities)
    return {
        "calibration_error": by_chance.error,
        "calibration_error_by_chance": by_chance.expected,
        "calibration_p_value": by_chance.p_value,
        "calibration_error_uncalibrated": calibration_error(labels, before),
        "brier_score": float(((probabilities - truth) ** 2).sum(axis=1).mean()),
        "brier_score_uncalibrated": float(((before - truth) ** 2).sum(axis=1).mean()),
        "log_loss_uncalibrated": log_loss(labels, before),
    }


def _compute_scores(probabilities: Probabilities) -> NDArray[np.float64]:
    return np.log(np.maximum(probabilities.astype(np.float64), SMALLEST))


def _adjust_scores(model: KerasModel, temperature: float, shifts: Shifts) -> KerasModel:
    copy = copy_network(model)
    head = copy.layers[-1]
    kernel, bias = (weights / temperature for weights in head.get_weights())
    head.set_weights([kernel, bias + shifts.astype(np.float32) if shifts.any() else bias])
    return copy
