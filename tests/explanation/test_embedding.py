import numpy as np
import pytest
from sklearn.decomposition import PCA

from onion_pipeline.explanation.embedding import project, read_features


def test_features_are_what_arrives_at_the_last_layer(onion, branched):
    images = np.random.default_rng(0).integers(0, 256, (3, 12, 10, 3), dtype=np.uint8)
    features = read_features(onion, images)
    assert features.shape == (3, 5)
    kernel, bias = onion.layers[-1].get_weights()
    scores = np.exp(features @ kernel + bias)
    answers = scores / scores.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(answers, onion.predict_on_batch(images), rtol=1e-4)
    assert read_features(branched, images[:, :6, :6, :1]).shape == (3, 4)


def test_the_map_is_that_of_principal_components():
    features = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    places, share = project(features)
    known = PCA(2).fit(features)
    np.testing.assert_allclose(np.abs(places), np.abs(known.transform(features)), atol=1e-5)
    assert share == pytest.approx(known.explained_variance_ratio_.sum(), rel=1e-5)


@pytest.mark.parametrize("shape", [(1, 5), (4, 1)])
def test_few_pictures_or_features_have_a_map_as_well(shape):
    features = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    places, share = project(features)
    assert places.shape == (shape[0], 2)
    assert share == pytest.approx(1)
    assert np.isfinite(places).all()
