import numpy as np
import pytest

from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.training.mixing import blend_pixels, blend_targets, find_partners, make_mixing
from onion_pipeline.training.steps import compile_training
from onion_pipeline.training.training_graph import make_training_graph

SHAPE, CLASSES, BATCH, STEPS = (8, 6, 1), 3, 12, 4
BOTH = {"mixup": 0.7, "cutmix": 1.0}


@pytest.fixture
def make(parameters):
    """A function that returns what mixes a batch, as arrays."""

    def make(seed=5, classes=CLASSES, **changes):
        mix = make_mixing(parameters.model_copy(update=changes), classes, seed)

        def mix_arrays(images, labels, weights, step):
            import tensorflow as tf

            tensors = (tf.constant(each) for each in (images, labels, weights))
            return [each.numpy() for each in mix(*tensors, tf.constant(step, tf.int64))]

        return mix_arrays

    return make


@pytest.fixture
def batch():
    """Random pictures, of which the last three fill up the batch, and classes that weigh."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (BATCH, *SHAPE), dtype=np.uint8)
    labels = generator.integers(0, CLASSES, BATCH)
    weights = np.array([0.5, 1, 2], np.float32)[labels] / BATCH
    weights[-3:] = 0
    return images, labels, weights


def measure_own(images, mixed):
    """What each picture has kept of its own, next to its partner."""
    real = slice(0, -3)
    own, partner = images[real].astype(float), np.roll(images[real], -1, 0).astype(float)
    different = own != partner
    return [
        ((mixed[real][n] - partner[n]) / (own[n] - partner[n] + ~different[n]))[different[n]]
        for n in range(BATCH - 3)
    ]


def test_a_partner_is_the_next_one_that_counts(keras):
    import tensorflow as tf

    weights = np.array([1, 2, 0, 1, 0], np.float32)
    assert find_partners(tf.constant(weights)).numpy().tolist() == [1, 3, 2, 0, 4]
    assert find_partners(tf.constant(weights[2:4])).numpy().tolist() == [0, 1]


def test_pixels_are_blended_and_rounded_as_numpy_does(keras, batch):
    images, partners = batch[0], np.roll(np.arange(BATCH), -1)
    shares = np.random.default_rng(1).random((*SHAPE[:2], 1), np.float32)
    own = images.astype(np.float32)
    expected = np.rint(own * shares + own[partners] * (1 - shares)).astype(np.uint8)
    np.testing.assert_array_equal(blend_pixels(images, partners, shares).numpy(), expected)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_each_label_has_its_part_of_the_loss_times_its_own_weight(keras, batch, share):
    _, labels, weights = batch
    partners = np.roll(np.arange(BATCH), -1)
    targets = np.eye(CLASSES, dtype=np.float32)[labels]
    found, both = blend_targets(targets, weights, partners, np.float32(share))
    logits = np.random.default_rng(2).normal(size=(BATCH, CLASSES))
    losses = np.log(np.exp(logits).sum(1, keepdims=True)) - logits
    rows = np.arange(BATCH)
    expected = share * weights * losses[rows, labels]
    expected += (1 - share) * weights[partners] * losses[rows, labels[partners]]
    np.testing.assert_allclose((found * losses).numpy().sum(1) * both, expected, atol=1e-6)
    np.testing.assert_allclose(found.numpy().sum(1), 1, rtol=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_mixup_blends_whole_pictures_and_their_labels_alike(make, batch, smoothing):
    images, labels, weights = batch
    mixed, targets, both = make(mixup=1.0, label_smoothing=smoothing)(*batch, 3)
    kept = np.median(measure_own(images, mixed)[0])
    assert 0.02 < kept < 0.98  # or this step shows nothing
    for own in measure_own(images, mixed):
        assert np.median(own) == pytest.approx(kept, abs=0.02)
    assert mixed.dtype == np.uint8
    real = weights[:-3]
    spread = np.eye(CLASSES)[labels] * (1 - smoothing) + smoothing / CLASSES
    parts = kept * real, (1 - kept) * np.roll(real, -1)
    expected = parts[0][:, None] * spread[:-3] + parts[1][:, None] * np.roll(spread[:-3], -1, 0)
    np.testing.assert_allclose(both[:-3, None] * targets[:-3], expected, atol=0.02 * real.max())


def test_cutmix_pastes_one_box_of_the_partner(make, batch):
    images, labels, weights = batch
    seen = []
    for step in range(30):
        mixed, targets, both = make(cutmix=1.0)(*batch, step)
        pasted = (mixed != images)[:-3].any(axis=(0, 3))
        real = images[:-3]
        np.testing.assert_array_equal(
            mixed[:-3], np.where(pasted[:, :, None], np.roll(real, -1, 0), real)
        )
        rows, columns = np.flatnonzero(pasted.any(1)), np.flatnonzero(pasted.any(0))
        if len(rows):  # a box, without a hole
            assert pasted[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        share = 1 - pasted.mean()
        expected = share * weights[:-3] + (1 - share) * np.roll(weights[:-3], -1)
        np.testing.assert_allclose(both[:-3], expected, rtol=1e-5)
        own = targets[np.arange(BATCH - 3), labels[:-3]] * both[:-3]
        assert (own >= share * weights[:-3] * (1 - 1e-5)).all()
        seen.append(pasted)
    assert 0.15 < np.mean(seen) < 0.5  # half of the area on average, less what the edges cut off
    assert len({each.tobytes() for each in seen}) > 20


def test_with_both_each_batch_takes_one_of_them(make, batch):
    mix = make(**BOTH)
    real = batch[0][:-3]
    kinds = []
    for step in range(40):
        mixed = mix(*batch, step)[0][:-3]
        kinds.append(bool(((mixed == real) | (mixed == np.roll(real, -1, 0))).all()))
    assert 10 < sum(kinds) < 32


@pytest.mark.parametrize("changes", [{"mixup": 0.4}, {"cutmix": 1.0}, BOTH])
def test_what_fills_up_a_batch_takes_no_part(make, batch, changes):
    images, labels, weights = batch
    mix = make(label_smoothing=0.1, **changes)
    others = images.copy()
    others[-3:] = 255 - others[-3:]
    for step in range(5):
        found, again = mix(*batch, step), mix(others, (labels + (weights == 0)) % 3, weights, step)
        for one, other in zip(found, again, strict=True):
            np.testing.assert_array_equal(one[:-3], other[:-3])
        assert not found[2][-3:].any()
        assert found[2].sum() == pytest.approx(weights.sum(), rel=1e-5)
        np.testing.assert_allclose(found[1].sum(axis=1), 1, rtol=1e-5)


def test_smoothing_alone_leaves_pixels_and_weights(make, batch):
    images, labels, weights = batch
    mixed, targets, both = make(label_smoothing=0.3)(*batch, 0)
    np.testing.assert_array_equal(mixed, images)
    np.testing.assert_array_equal(both, weights)
    np.testing.assert_allclose(targets, np.eye(CLASSES)[labels] * 0.7 + 0.1, rtol=1e-6)


def test_what_is_drawn_follows_from_the_seed_and_the_step(make, batch):
    def draw(seed, step):
        return make(seed=seed, **BOTH)(*batch, step)[0].tobytes()

    assert draw(1, 7) == draw(1, 7)
    assert len({draw(seed, step) for seed in (1, 2) for step in (7, 8)}) == 4


@pytest.mark.parametrize("alpha", [1e-30, 10.0])
def test_any_strength_gives_numbers(make, batch, alpha):
    for step in range(20):
        for found in make(mixup=alpha, cutmix=alpha)(*batch, step):
            assert np.isfinite(found).all()


def test_without_any_of_it_nothing_is_mixed(parameters):
    assert make_mixing(parameters, CLASSES, 0) is None


def test_the_shares_of_mixup_have_the_distribution_beta(make):
    from scipy import stats

    images = np.zeros((2, 1, 1, 1), np.uint8)
    labels, weights = np.arange(2), np.full(2, 0.5, np.float32)
    mix = make(classes=2, mixup=0.4)
    shares = [mix(images, labels, weights, step)[1][0, 0] for step in range(300)]
    assert stats.kstest(shares, stats.beta(0.4, 0.4).cdf).pvalue > 0.01


@pytest.fixture
def data():
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (BATCH * STEPS, *SHAPE), dtype=np.uint8)
    weights = np.full(len(images), 1 / BATCH, np.float32)
    weights[-2:] = 0
    return images, np.arange(len(images)) % CLASSES, weights


def train(keras, data, mix, parts=1):
    layers = [{"conv2d": {"filters": 4, "activation": "relu"}}, "max_pooling2d", "flatten"]
    graph = make_training_graph(build_model(read_layers(layers), SHAPE, CLASSES, 0), "float32")
    run = compile_training(graph, keras.optimizers.SGD(0.1), BATCH, parts, mix)
    return *run(*data), graph.get_weights()


@pytest.mark.parametrize("parts", [1, 3])
def test_steps_learn_from_what_the_batch_has_become(keras, parameters, make, data, parts):
    changes = {**BOTH, "label_smoothing": 0.1}
    mix = make_mixing(parameters.model_copy(update=changes), CLASSES, 5)
    losses, correct, weights = train(keras, data, mix, parts)
    layers = [{"conv2d": {"filters": 4, "activation": "relu"}}, "max_pooling2d", "flatten"]
    theirs = build_model(read_layers(layers), SHAPE, CLASSES, 0)
    theirs.compile(keras.optimizers.SGD(0.1), "categorical_crossentropy")
    for step in range(STEPS):
        rows = slice(step * BATCH, (step + 1) * BATCH)
        images, targets, counts = make(**changes)(*(each[rows] for each in data), step)
        answers = theirs.predict_on_batch(images)
        loss = -(counts[:, None] * targets * np.log(answers)).sum()
        assert losses[step] == pytest.approx(loss, rel=1e-4)
        hits = (answers.argmax(1) == targets.argmax(1)) & (counts > 0)
        assert correct[step] == hits.sum()
        # Keras divides by the size of the batch.
        theirs.train_on_batch(images, targets, sample_weight=counts * BATCH)
    for ours, other in zip(weights, theirs.get_weights(), strict=True):
        np.testing.assert_allclose(ours, other, atol=1e-5)


def test_the_same_seed_gives_the_same_bits(keras, parameters, data):
    changed = parameters.model_copy(update={**BOTH, "label_smoothing": 0.1})
    first, again, other = (
        train(keras, data, make_mixing(changed, CLASSES, seed), 2)[2] for seed in (5, 5, 6)
    )
    assert all(map(np.array_equal, first, again))
    assert not all(map(np.array_equal, first, other))
