import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import brier_score_loss

from onion_pipeline.evaluation.calibration import (
    apply_temperature,
    calibrate_probabilities,
    fit_temperature,
    measure_calibration,
    undo_calibration,
)
from onion_pipeline.evaluation.calibration_error import calibration_error
from onion_pipeline.evaluation.frequencies import find_shifts
from onion_pipeline.evaluation.metrics import log_loss
from onion_pipeline.evaluation.predictions import predict_probabilities
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model


def soften(scores):
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def draw_labels(probabilities, seed=0):
    """Labels that come as often as the probabilities say."""
    points = np.random.default_rng(seed).random((len(probabilities), 1))
    return (probabilities.cumsum(axis=1) < points).sum(axis=1).clip(max=probabilities.shape[1] - 1)


@pytest.fixture(scope="module")
def honest():
    """Calibrated probabilities of 4,000 images and five classes, with their labels."""
    scores = np.random.default_rng(0).normal(0, 2, (4000, 5))
    return draw_labels(soften(scores)), soften(scores)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_the_temperature_that_spoiled_the_probabilities_is_found(honest, temperature):
    labels, probabilities = honest
    spoiled = apply_temperature(probabilities, 1 / temperature)
    assert fit_temperature(labels, spoiled) == pytest.approx(temperature, rel=0.06)


def test_heat_divides_the_scores_and_the_inverse_takes_it_back(honest):
    _, probabilities = honest
    hot = apply_temperature(probabilities, 2.5)
    np.testing.assert_allclose(hot, soften(np.log(probabilities) / 2.5), rtol=1e-9)
    np.testing.assert_allclose(undo_calibration(hot, 2.5, np.zeros(5)), probabilities, rtol=1e-9)
    np.testing.assert_array_equal(
        undo_calibration(hot, 2.5, np.zeros(5)), apply_temperature(hot, 1 / 2.5)
    )
    np.testing.assert_array_equal(hot.argmax(axis=1), probabilities.argmax(axis=1))


@given(
    scores=arrays.arrays(np.float64, (12, 3), elements=st.floats(-30, 30)),
    labels=arrays.arrays(np.int64, 12, elements=st.integers(0, 2)),
)
def test_a_temperature_never_worsens_the_log_loss(scores, labels):
    probabilities = soften(scores).astype(np.float32).astype(np.float64)
    temperature = fit_temperature(labels, probabilities)
    assert log_loss(labels, apply_temperature(probabilities, temperature)) <= log_loss(
        labels, apply_temperature(probabilities, 1.0)
    )


@pytest.fixture
def network(keras):
    layers = read_layers(["flatten", {"dense": {"units": 4, "activation": "relu"}}])
    model = build_model(layers, (6, 6, 1), classes=3, seed=0)
    model.layers[-1].kernel.assign(8 * model.layers[-1].kernel)  # far too sure of itself
    return model


@pytest.fixture
def pictures():
    generator = np.random.default_rng(1)
    return generator.integers(0, 256, (90, 6, 6, 1), dtype=np.uint8), generator.integers(0, 3, 90)


def test_the_calibrated_model_has_the_temperature_in_its_weights(network, pictures):
    images, labels = pictures
    before = [weights.copy() for weights in network.get_weights()]
    calibrated, found, _ = calibrate_probabilities(network, images, labels)
    assert found["temperature"] > 1
    expected = apply_temperature(predict_probabilities(network, images), found["temperature"])
    np.testing.assert_allclose(predict_probabilities(calibrated, images), expected, atol=1e-6)
    for weights, same in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weights, same)


def test_shifts_are_in_the_weights_and_can_be_taken_back(network, pictures):
    images, labels = pictures
    shifts = np.array([0.7, 0.1, -2.3])
    calibrated, found, answers = calibrate_probabilities(network, images, labels, shifts)
    raw = predict_probabilities(network, images)
    expected = apply_temperature(raw, found["temperature"], shifts)
    np.testing.assert_allclose(answers, expected, atol=1e-5)
    np.testing.assert_array_equal(predict_probabilities(calibrated, images), answers)
    assert (answers.argmax(axis=1) != raw.argmax(axis=1)).any()
    back = undo_calibration(expected, found["temperature"], found["shifts"])
    np.testing.assert_allclose(back, raw, atol=1e-6)
    assert found["validation_log_loss"] <= found["validation_log_loss_before"]


def test_classes_that_come_equally_often_change_no_bit(network, pictures):
    plain, found, _ = calibrate_probabilities(network, *pictures)
    zero = find_shifts(np.array([30, 30, 30]), True, "training")
    same, again, _ = calibrate_probabilities(network, *pictures, zero)
    assert again == found
    assert [w.tobytes() for w in same.get_weights()] == [w.tobytes() for w in plain.get_weights()]


@pytest.mark.parametrize("seed", range(8))
def test_calibration_never_worsens_the_validation_log_loss(network, pictures, seed):
    images, _ = pictures
    probabilities = predict_probabilities(network, images).astype(np.float64)
    labels = draw_labels(
        apply_temperature(probabilities, [0.2, 0.9, 0.999, 1, 1.001, 1.1, 3, 30][seed]), seed
    )
    calibrated, found, answers = calibrate_probabilities(network, images, labels)
    np.testing.assert_array_equal(answers, predict_probabilities(calibrated, images))
    after = log_loss(labels, predict_probabilities(calibrated, images).astype(np.float64))
    assert after == found["validation_log_loss"] <= found["validation_log_loss_before"]
    assert found["validation_log_loss_before"] == log_loss(labels, probabilities)
    assert found["validation_images"] == 90


def test_the_brier_score_is_that_of_scikit_learn(honest):
    labels, probabilities = honest
    expected = brier_score_loss(labels, probabilities, labels=range(5), scale_by_half=False)
    found = measure_calibration(labels, probabilities, {"temperature": 1.0, "shifts": [0] * 5})
    assert found["brier_score"] == pytest.approx(expected)


def test_the_figures_tell_what_the_temperature_has_changed(honest):
    labels, probabilities = honest
    found = measure_calibration(labels, probabilities, {"temperature": 3.0, "shifts": [0] * 5})
    spoiled = apply_temperature(probabilities, 1 / 3)
    assert found["brier_score"] < found["brier_score_uncalibrated"]
    assert found["calibration_error_uncalibrated"] == calibration_error(labels, spoiled)
    assert found["log_loss_uncalibrated"] == log_loss(labels, spoiled)
