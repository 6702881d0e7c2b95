import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import numpy as np
import pytest
from sklearn.decomposition import PCA

from onion_pipeline.explanation import embedding
from onion_pipeline.explanation.embedding import project, project_components, read_features


def test_features_are_what_arrives_at_the_last_layer(onion, branched):
    images = np.random.default_rng(0).integers(0, 256, (3, 12, 10, 3), dtype=np.uint8)
    features = read_features(onion, images)
    assert features.shape == (3, 5)
    kernel, bias = onion.layers[-1].get_weights()
    scores = np.exp(features @ kernel + bias)
    answers = scores / scores.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(answers, onion.predict_on_batch(images), rtol=1e-4)
    assert read_features(branched, images[:, :6, :6, :1]).shape == (3, 4)


@pytest.mark.parametrize("shape", [(40, 6), (9, 10000)])
def test_the_map_is_that_of_principal_components(shape):
    features = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    found = project_components(features)
    known = PCA(2, svd_solver="full").fit(features.astype(np.float64))
    assert found.method == "PCA"
    np.testing.assert_allclose(np.abs(found.places), np.abs(known.transform(features)), atol=1e-6)
    assert found.variance == pytest.approx(known.explained_variance_ratio_.sum(), rel=1e-5)


@pytest.mark.parametrize("shape", [(1, 5), (4, 1)])
def test_few_pictures_or_features_have_a_map_as_well(shape):
    features = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    found = project(features, seed=0)
    assert found.places.shape == (shape[0], 2)
    assert found.variance == pytest.approx(1)
    assert np.isfinite(found.places).all()


class FakeUMAP:
    """Takes the place of a library that is not installed for tests: it takes half a minute."""

    def __init__(self, **settings):
        self.settings = settings

    def fit_transform(self, features):
        return features[:, :2] * self.settings["random_state"]


def test_umap_draws_the_map_where_it_is_installed(monkeypatch):
    module = ModuleType("umap")
    module.UMAP = FakeUMAP
    module.__spec__ = ModuleSpec("umap", None)
    monkeypatch.setitem(sys.modules, "umap", module)
    features = np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32)
    found = project(features, seed=3)
    assert (found.method, found.variance) == ("UMAP", None)
    np.testing.assert_array_equal(found.places, features[:, :2] * 3)
    assert project(features[:10], seed=3).method == "PCA"  # too few to have 15 neighbours


def test_the_map_is_by_components_where_umap_is_not_installed(monkeypatch):
    monkeypatch.setattr(embedding, "find_spec", lambda name: None)
    features = np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32)
    assert project(features, seed=3).method == "PCA"
