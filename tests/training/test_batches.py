import numpy as np
import pytest

from onion_pipeline.images.arrays import labelled_dtype
from onion_pipeline.training.batches import draw_order, make_batches

COUNT = 23


@pytest.fixture
def marked():
    """Pictures that say in their pixels which label they have and which row they are."""
    images = np.zeros(COUNT, labelled_dtype((2, 2, 1)))
    images["label"] = np.random.default_rng(0).integers(0, 5, COUNT)
    images["image"][:, 0, 0, 0] = images["label"]
    images["image"][:, 1, 1, 0] = np.arange(COUNT)
    return images


def read_rows(batches):
    return np.concatenate([batches[number][0][:, 1, 1, 0] for number in range(len(batches))])


@pytest.mark.parametrize("count", [0, 1, 2, 100])
def test_an_order_is_a_permutation(count):
    assert sorted(draw_order(count, seed=3, epoch=1)) == list(range(count))


def test_an_order_depends_on_seed_and_epoch_alone():
    drawn = {(s, e): tuple(draw_order(COUNT, s, e)) for s in range(4) for e in range(4)}
    assert len(set(drawn.values())) == len(drawn)
    assert all(tuple(draw_order(COUNT, *key)) == order for key, order in drawn.items())


@pytest.mark.parametrize("seed", [None, 5])
def test_pixels_belong_to_their_labels(marked, keras, seed):
    batches = make_batches(marked, 4, seed)
    for _ in range(3):
        for images, labels in (batches[number] for number in range(len(batches))):
            np.testing.assert_array_equal(images[:, 0, 0, 0], labels)
        batches.on_epoch_end()


@pytest.mark.parametrize(("size", "lengths"), [(10, [10, 10, 3]), (23, [23]), (100, [23])])
def test_the_last_batch_may_be_smaller(marked, keras, size, lengths):
    batches = make_batches(marked, size, seed=0)
    assert [len(batches[number][1]) for number in range(len(batches))] == lengths


def test_each_epoch_has_its_own_order_of_all_images(marked, keras):
    batches = make_batches(marked, 4, seed=5)
    for epoch in range(3):
        np.testing.assert_array_equal(read_rows(batches), draw_order(COUNT, 5, epoch))
        batches.on_epoch_end()


def test_without_a_seed_the_order_is_kept(marked, keras):
    batches = make_batches(marked, 4, seed=None)
    batches.on_epoch_end()
    np.testing.assert_array_equal(read_rows(batches), np.arange(COUNT))


def test_memory_mapped_images_give_contiguous_bytes(marked, keras, tmp_path):
    np.save(tmp_path / "images.npy", marked)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    images, _ = make_batches(mapped, 4, seed=5)[0]
    assert images.dtype == np.uint8
    assert images.flags.c_contiguous
    np.testing.assert_array_equal(images, marked["image"][draw_order(COUNT, 5, 0)[:4]])


def test_keras_sees_every_image_once_per_epoch_with_its_label(marked, keras):
    seen = []

    class Recorder(keras.Model):
        def train_step(self, data):
            seen.append([np.asarray(part) for part in data])
            return {"loss": 0.0}

    model = Recorder()
    model.compile(run_eagerly=True)
    model.fit(make_batches(marked, 4, seed=5), epochs=2, shuffle=False, verbose=0)
    images, labels = (np.concatenate(parts) for parts in zip(*seen, strict=True))
    np.testing.assert_array_equal(images[:, 0, 0, 0], labels)
    orders = [draw_order(COUNT, 5, epoch).tolist() for epoch in range(4)]
    first, second = images[:, 1, 1, 0].reshape(2, COUNT).tolist()
    assert orders.index(second) == orders.index(first) + 1
