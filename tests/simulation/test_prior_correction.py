"""What it gives to put the frequencies of training back, where the truth is known.

Pictures are points of classes that are normal distributions, so that the true probabilities are
known. The network is a logistic regression on few of them, with weights by class: it is too sure of
itself and answers as if all classes came equally often.
"""

from typing import NamedTuple

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from onion_pipeline.evaluation.calibration import apply_temperature, fit_temperature
from onion_pipeline.evaluation.frequencies import (
    compare_frequencies,
    find_shifts,
    measure_frequencies,
)
from onion_pipeline.evaluation.metrics import log_loss

FEATURES = 20
TRAINING = {2: 400, 10: 1700}
TESTED = 5000
# Of each case the classes; how uneven they are, and the pictures for validation ...
CORRECTED = [(classes, 20, images) for classes in (2, 10) for images in (100, 372, 750)]
# ... or the pictures, and the groups that they are in.
SUMMED = [
    *((classes, images, None) for classes in (2, 10, 100) for images in (100, 372, 750, 10_000)),
    (10, 750, 30),
]


class Row(NamedTuple):
    """Means over the repeats, on fresh pictures; of the temperature alone, and with the shifts."""

    classes: int
    ratio: int
    validation_images: int
    log_loss_before: float
    log_loss: float
    log_loss_of_the_truth: float
    accuracy_before: float
    accuracy: float
    frequency_error_before: float
    frequency_error: float


class Error(NamedTuple):
    """How often sums of right probabilities are called wrong, and sums of uniform ones."""

    classes: int
    images: int
    groups: int | None
    false_alarms: float
    noticed: float


def simulate_prior_correction(repeats: int, cases=CORRECTED) -> list[Row]:
    return [_correct_prior(max(1, repeats // 100), *case) for case in cases]  # each trains networks


def simulate_frequency_test(repeats: int, cases=SUMMED) -> list[Error]:
    return [_test_frequencies(repeats, *case) for case in cases]


def _correct_prior(repeats: int, classes: int, ratio: int, validation_images: int) -> Row:
    """Train `repeats` networks on classes of which the largest is `ratio` times the smallest."""
    found = np.array([_measure(classes, ratio, validation_images, n) for n in range(repeats)])
    return Row(classes, ratio, validation_images, *found.mean(axis=0).tolist())


def _test_frequencies(repeats: int, classes: int, images: int, groups: int | None = None) -> Error:
    """Test right probabilities, of classes at 1:20, and those of a network that knows no prior.

    With `groups`, the pictures of each are copies of one picture with its label: as much alike as
    can be.
    """
    counts = np.geomspace(1000, 50, classes).round().astype(np.int64)
    alarms = []
    for number in range(repeats):
        generator = np.random.default_rng([number, classes, images])
        scores = generator.normal(0, 2, (groups or images, classes))
        right = _soften(scores + np.log(counts))
        truth = _draw_labels(right, generator)
        rows = np.arange(images) % (groups or images)
        alarms.append(
            [
                compare_frequencies(truth[rows], shares[rows], rows).p_values.min() <= 0.05
                for shares in (right, _soften(scores))
            ]
        )
    return Error(classes, images, groups, *np.mean(alarms, axis=0).tolist())


def _measure(classes: int, ratio: int, validation_images: int, seed: int) -> list[float]:
    generator = np.random.default_rng([seed, classes, ratio])
    prior = np.geomspace(1, 1 / ratio, classes)
    prior /= prior.sum()
    centres = generator.normal(0, 2.6 / FEATURES**0.5, (classes, FEATURES))

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        labels = generator.choice(classes, count, p=prior)
        labels[:classes] = range(classes)
        return centres[labels] + generator.normal(0, 1, (count, FEATURES)), labels

    points, labels = draw(TRAINING[classes])
    network = LogisticRegression(C=10, class_weight="balanced", max_iter=500).fit(points, labels)
    shifts = find_shifts(np.bincount(labels, minlength=classes), True, "training")
    known, truth = draw(validation_images)
    raw = network.predict_proba(known)
    tested, labels = draw(TESTED)
    answers = network.predict_proba(tested)
    before = apply_temperature(answers, fit_temperature(truth, raw))
    after = apply_temperature(answers, fit_temperature(truth, raw, shifts), shifts)
    scores = -((tested[:, None] - centres) ** 2).sum(axis=2) / 2 + np.log(prior)
    best = np.exp(log_softmax(scores, axis=1))
    both, apart = (before, after), np.arange(TESTED)
    found = [compare_frequencies(labels, shares, apart) for shares in both]
    return [
        *(log_loss(labels, shares) for shares in (*both, best)),
        *((shares.argmax(axis=1) == labels).mean() for shares in both),
        *(measure_frequencies(labels, each)["class_frequency_error"] for each in found),
    ]


def _soften(scores: np.ndarray) -> np.ndarray:
    return np.exp(log_softmax(scores, axis=1))


def _draw_labels(shares: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    points = generator.random((len(shares), 1))
    return (shares.cumsum(axis=1) < points).sum(axis=1).clip(max=shares.shape[1] - 1)


@pytest.mark.slow
@pytest.mark.parametrize("validation_images", [100, 372, 750])
def test_uneven_classes_get_their_frequencies_back(validation_images):
    row = _correct_prior(6, 10, 20, validation_images)
    gained = row.log_loss_before - row.log_loss_of_the_truth
    assert row.log_loss - row.log_loss_of_the_truth < 0.65 * gained
    assert row.accuracy > row.accuracy_before + 0.02
    assert row.frequency_error < 0.3 * row.frequency_error_before


def test_even_classes_lose_hardly_anything():
    """Their counts differ by chance alone."""
    row = _correct_prior(3, 10, 1, 372)
    assert row.log_loss == pytest.approx(row.log_loss_before, abs=0.005)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("classes", "images", "groups"),
    [(2, 100, None), (10, 372, None), (100, 750, None), (10, 10_000, None), (10, 750, 30)],
)
def test_right_sums_are_called_wrong_in_no_more_than_one_of_twenty(classes, images, groups):
    repeats = 40 if images == 10_000 else 200
    found = _test_frequencies(repeats, classes, images, groups)
    # Of as many draws with 0.05, so few or fewer come in 999 of 1,000.
    assert found.false_alarms <= 0.05 + 3.1 * (0.05 * 0.95 / repeats) ** 0.5
    assert found.noticed > 0.9 or groups
