import numpy as np
import pytest

from onion_pipeline.explanation.attention import map_attention, map_occlusion, place_patches
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model

SIDE = 16


def draw_spots(count: int, seed: int = 0):
    """Grey pictures with a bright spot in one corner; the class says in which half, 0 or 1."""
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 60, (count, SIDE, SIDE, 1), dtype=np.uint8)
    labels = generator.integers(0, 2, count)
    for image, label in zip(images, labels, strict=True):
        image[2:6, (2 if label == 0 else 10) :][:, :4] = 255
    return images, labels.astype(np.int64)


@pytest.fixture(scope="module")
def spotter(keras):
    layers = [{"conv2d": {"filters": 4, "activation": "relu"}}, "max_pooling2d", "flatten"]
    model = build_model(read_layers(layers), (SIDE, SIDE, 1), classes=2, seed=0)
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy")
    images, labels = draw_spots(256)
    model.fit(images, labels, epochs=8, verbose=0)
    return model


@pytest.mark.slow
def test_attention_falls_on_what_decides(spotter):
    images, labels = draw_spots(32, seed=1)
    maps = map_attention(spotter, images, labels)
    assert maps.shape == (32, 7, 7)
    columns = np.maximum(maps, 0).sum(axis=1).argmax(axis=1)
    assert ((columns < 3.5) == (labels == 0)).mean() > 0.9


def test_attention_sums_to_the_score_where_one_dense_layer_follows(spotter):
    images, labels = draw_spots(8, seed=2)
    maps = map_attention(spotter, images, labels)
    kernel, _ = spotter.layers[-1].get_weights()
    flat = spotter.layers[:-1]
    numbers = images.astype("float32")
    for layer in flat:
        numbers = layer(numbers)
    scores = (np.asarray(numbers) @ kernel)[np.arange(8), labels]
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), scores, rtol=1e-4)


def test_random_weights_change_the_maps(spotter, keras):
    """The sanity check of Adebayo et al., NeurIPS 2018: a map must depend on what was learned."""
    images, labels = draw_spots(16, seed=3)
    learned = map_attention(spotter, images, labels)
    random = keras.models.clone_model(spotter)
    maps = map_attention(random, images, labels)
    likeness = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(learned, maps, strict=True)]
    assert np.abs(np.mean(likeness)) < 0.5
    before = map_occlusion(spotter, images[0], labels[0])
    after = map_occlusion(random, images[0], labels[0])
    assert np.corrcoef(before.ravel(), after.ravel())[0, 1] < 0.5


def test_covering_what_decides_costs_the_most(spotter):
    images, labels = draw_spots(8, seed=4)
    for image, label in zip(images, labels, strict=True):
        lost = map_occlusion(spotter, image, int(label))
        row, column = np.unravel_index(lost.argmax(), lost.shape)
        assert lost.max() > 1
        assert row < lost.shape[0] / 2
        assert (column < lost.shape[1] / 2) == (label == 0)


@pytest.mark.parametrize("overlap", [True, False])
@pytest.mark.parametrize("size", [(28, 28), (96, 60), (3, 2), (7, 100), (224, 224)])
def test_patches_cover_a_picture_to_its_edges(size, overlap):
    side, tops, lefts = place_patches(size, overlap=overlap)
    for starts, length in ((tops, size[0]), (lefts, size[1])):
        covered = {place for start in starts for place in range(start, start + side)}
        assert covered == set(range(length))


def test_patches_that_do_not_overlap_are_a_quarter_as_many():
    many, few = place_patches((224, 224)), place_patches((224, 224), overlap=False)
    assert (len(many.tops), len(few.tops), len(few.lefts)) == (12, 6, 6)


def test_a_network_without_a_convolution_looks_at_the_pixels():
    model = build_model(read_layers(["flatten"]), (4, 4, 1), classes=2, seed=0)
    images = np.zeros((1, 4, 4, 1), np.uint8)
    assert map_attention(model, images, np.zeros(1, np.int64)).shape == (1, 4, 4)
