import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from onion_pipeline.training.epochs import weigh_classes


@pytest.mark.parametrize("counts", [[3, 3], [1, 9], [5, 2, 40], [1]])
def test_class_weights_are_those_of_scikit_learn(counts):
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    classes = np.unique(labels)
    expected = compute_class_weight("balanced", classes=classes, y=labels)
    np.testing.assert_allclose(weigh_classes(labels, len(counts)), expected, rtol=1e-6)


def test_a_class_without_images_does_not_change_the_weights_of_the_others():
    np.testing.assert_array_equal(weigh_classes(np.array([0, 2, 2]), 3), [1.5, 1, 0.75])
