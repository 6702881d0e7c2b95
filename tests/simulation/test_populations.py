import numpy as np
import pytest
from sklearn.metrics import f1_score

from .populations import Population


@pytest.mark.parametrize("groups", [0, 2000])
@pytest.mark.parametrize("imbalance", [1, 20])
def test_a_population_has_the_figures_that_it_claims(groups, imbalance):
    population = Population(5, 0.8, imbalance, groups, icc=0.3)
    sample = population.draw(40_000, seed=0)
    counts = np.bincount(sample.truth)
    assert counts[0] / counts[-1] == pytest.approx(imbalance, rel=0.1)
    assert (sample.truth == sample.predicted).mean() == pytest.approx(0.8, abs=0.01)
    found = f1_score(sample.truth, sample.predicted, average="macro")
    assert found == pytest.approx(population.measure_macro_f1(), abs=0.015)
    assert population.draw(40_000, seed=0).predicted.tolist() == sample.predicted.tolist()


def test_pictures_of_a_group_share_its_luck():
    rights = {
        icc: np.array(
            [
                (sample.truth == sample.predicted).mean()
                for sample in (
                    Population(groups=30, icc=icc).draw(750, seed) for seed in range(200)
                )
            ]
        )
        for icc in (0.0, 0.6)
    }
    assert rights[0.0].std() == pytest.approx((0.9 * 0.1 / 750) ** 0.5, rel=0.2)
    assert rights[0.6].std() > 2 * rights[0.0].std()


def test_the_confidence_of_a_calibrated_population_is_right():
    for temperature, is_right in ((1, True), (0.5, False)):
        population = Population(10, 0.8, temperature=temperature)
        truth, probabilities = population.draw_probabilities(20_000, seed=0)
        right = (probabilities.argmax(axis=1) == truth).mean()
        assert (abs(probabilities.max(axis=1).mean() - right) < 0.01) == is_right


def test_a_pair_differs_by_its_gain():
    truth, one, other, clusters = Population(groups=500, icc=0.3).draw_pair(50_000, 0, gain=0.05)
    assert (one == truth).mean() == pytest.approx(0.9, abs=0.015)
    assert (other == truth).mean() == pytest.approx(0.95, abs=0.015)
    assert len(np.unique(clusters)) == 500
