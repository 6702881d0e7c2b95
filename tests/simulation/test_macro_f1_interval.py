"""How often the interval of macro F1 holds the macro F1 of all pictures of the kind."""

from typing import NamedTuple

import numpy as np
import pytest

from onion_pipeline.evaluation.intervals import macro_f1_interval

LEVEL = 0.95


class Case(NamedTuple):
    classes: int
    images: int
    ratio: int  # of the most frequent class to the rarest
    recall: float  # of the classes on average


class Coverage(NamedTuple):
    case: Case
    held: float  # share of tests
    width: float  # of the interval, on average


def draw_population(case, generator):
    """Return the probabilities of the cells of a confusion matrix."""
    classes, _, ratio, recall = case
    frequencies = np.geomspace(ratio, 1, classes)
    recalls = generator.beta(12 * recall, 12 * (1 - recall), classes)
    mistakes = generator.dirichlet(np.full(classes, 0.3), classes) + 1e-9
    np.fill_diagonal(mistakes, 0)
    shares = mistakes / mistakes.sum(axis=1, keepdims=True) * (1 - recalls)[:, None]
    population = (shares + np.diag(recalls)) * frequencies[:, None]
    return population / population.sum()


def simulate_macro_f1(case, repeats, draws=200):
    generator = np.random.default_rng([case.classes, case.images, case.ratio])
    held, widths = 0, []
    for _ in range(repeats):
        population = draw_population(case, generator)
        hits = 2 * population.diagonal()
        truth = (hits / (population.sum(axis=0) + population.sum(axis=1))).mean()
        matrix = generator.multinomial(case.images, population.ravel()).reshape(population.shape)
        low, high = macro_f1_interval(matrix, LEVEL, draws=draws)
        held += low <= truth <= high
        widths.append(high - low)
    return Coverage(case, held / repeats, float(np.mean(widths)))


@pytest.mark.parametrize(
    ("case", "repeats", "least"),
    [
        ((2, 100, 1, 0.98), 300, 0.92),
        ((2, 372, 20, 0.9), 300, 0.92),
        ((10, 100, 20, 0.98), 300, 0.88),
        ((10, 750, 1, 0.9), 300, 0.92),
        ((100, 240, 1, 0.6), 150, 0.75),  # two pictures of a class
        ((100, 500, 1, 0.6), 150, 0.9),
        ((100, 750, 20, 0.9), 150, 0.9),
        ((100, 10_000, 1, 0.9), 60, 0.88),
        ((1000, 10_000, 1, 0.6), 10, 0.8),
    ],
)
def test_the_interval_of_macro_f1_holds_as_often_as_the_docs_say(case, repeats, least):
    assert simulate_macro_f1(Case(*case), repeats).held >= least
