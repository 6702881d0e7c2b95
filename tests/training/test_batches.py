import numpy as np
import pytest

from onion_pipeline.augmentation.streaming import StreamedImages
from onion_pipeline.images.arrays import labelled_dtype
from onion_pipeline.training import batches
from onion_pipeline.training.batches import BatchPlan, draw_order, read_pixels

COUNT = 23
BYTES = 4


@pytest.fixture
def marked():
    """Pictures that say in their pixels which label they have and which row they are."""
    images = np.zeros(COUNT, labelled_dtype((2, 2, 1)))
    images["label"] = np.random.default_rng(0).integers(0, 5, COUNT)
    images["image"][:, 0, 0, 0] = images["label"]
    images["image"][:, 1, 1, 0] = np.arange(COUNT)
    images["index"] = np.arange(COUNT)
    return images


@pytest.fixture
def variants(marked):
    """Three variants of each picture, but none of the last one."""
    copies = [marked, marked[:-1], marked[:-1], marked[:-1]]
    images = np.concatenate(copies)
    images["copy"] = np.repeat(range(4), [len(some) for some in copies])
    return images


@pytest.fixture
def small_blocks(monkeypatch):
    """Two batches to a block."""
    monkeypatch.setattr(batches, "MOST_BATCHES", 2)


def make_plan(images, size=4, epochs=1, seed=5, variants=None):
    return BatchPlan(images, size, BYTES, epochs=epochs, seed=seed, variants=variants)


def read_epochs(plan):
    """The rows of each epoch, without those that fill the last batch up."""
    rows, weights = list(plan), [plan.weigh_rows(number) for number in range(len(plan))]
    step = plan.blocks_per_epoch
    return [
        np.concatenate(rows[i : i + step])[np.concatenate(weights[i : i + step]) > 0]
        for i in range(0, len(plan), step)
    ]


@pytest.mark.parametrize("count", [0, 1, 2, 100])
def test_an_order_is_a_permutation(count):
    assert sorted(draw_order(count, seed=3, epoch=1)) == list(range(count))


def test_an_order_depends_on_seed_and_epoch_alone():
    drawn = {(s, e): tuple(draw_order(COUNT, s, e)) for s in range(4) for e in range(4)}
    assert len(set(drawn.values())) == len(drawn)
    assert all(tuple(draw_order(COUNT, *key)) == order for key, order in drawn.items())


@pytest.mark.parametrize("size", [1, 4, 22, 23, 100])
def test_each_epoch_has_its_own_order_of_all_images(marked, small_blocks, size):
    epochs = read_epochs(make_plan(marked, size, epochs=3))
    assert len(epochs) == 3
    for epoch, rows in enumerate(epochs):
        np.testing.assert_array_equal(rows, draw_order(COUNT, 5, epoch))


def test_without_a_seed_the_order_is_kept(marked, small_blocks):
    for rows in read_epochs(make_plan(marked, epochs=2, seed=None)):
        np.testing.assert_array_equal(rows, np.arange(COUNT))


@pytest.mark.parametrize(
    ("each", "numbers"), [(3, [{1, 2, 3}, {0, 1, 2}]), (9, [{0, 1, 2, 3}] * 2)]
)
def test_an_epoch_may_take_some_variants_and_no_image_twice(variants, each, numbers):
    epochs = read_epochs(make_plan(variants, epochs=2, variants=each))
    for rows, expected in zip(epochs, numbers, strict=True):
        first = variants[rows][variants[rows]["index"] == 0]
        assert len(set(rows)) == len(rows)
        assert set(first["copy"].tolist()) == expected


def test_a_block_beyond_the_last_is_an_index_error(marked):
    plan = make_plan(marked, epochs=2)
    assert len(list(plan)) == len(plan)
    with pytest.raises(IndexError):
        plan[len(plan)]


def test_pixels_are_those_of_the_rows(marked, small_blocks, tmp_path):
    np.save(tmp_path / "images.npy", marked)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    plan = make_plan(marked, epochs=2)
    for images in (marked, mapped):
        blocks = list(read_pixels(images, plan))
        assert len(blocks) == len(plan)
        for pixels, rows in zip(blocks, plan, strict=True):
            assert pixels.dtype == np.uint8
            assert pixels.flags.c_contiguous
            np.testing.assert_array_equal(pixels, marked["image"][rows])


def test_rows_that_are_streamed_are_asked_for_by_block(marked):
    streamed = StreamedImages(marked, [], 1, seed=0)
    plan = make_plan(streamed, size=COUNT, epochs=2)
    blocks = [pixels.copy() for pixels in read_pixels(streamed, plan)]
    np.testing.assert_array_equal(blocks[-1], marked["image"][plan[1] % COUNT])
    (last,) = read_pixels(streamed, plan, first=1)
    np.testing.assert_array_equal(last, blocks[-1])


@pytest.mark.parametrize("first", [1, 5, 11, 12])
def test_reading_may_begin_at_any_block_and_reads_no_other(marked, small_blocks, first):
    plan = make_plan(marked, epochs=4)
    asked = []

    class Noted(np.ndarray):
        def __getitem__(self, key):
            if isinstance(key, np.ndarray):
                asked.append(key)
            return super().__getitem__(key)

    blocks = list(read_pixels(marked.view(Noted), plan, first))
    assert len(blocks) == len(asked) == len(plan) - first == 12 - first
    for pixels, rows in zip(blocks, list(plan)[first:], strict=True):
        np.testing.assert_array_equal(pixels, marked["image"][rows])
