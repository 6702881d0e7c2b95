import os
import signal
from pathlib import Path

import numpy as np
import pytest

from onion_pipeline.augmentation import streaming
from onion_pipeline.augmentation.policy import make_policy
from onion_pipeline.augmentation.streaming import StreamedImages, offer_variants
from onion_pipeline.augmentation.variants import augment_images
from onion_pipeline.errors import DataError
from onion_pipeline.parameters import AugmentParameters

TRANSFORMS = [
    {"Affine": {"rotate": [-30, 30], "p": 0.9}},
    {"GaussianBlur": {"p": 0.5}},
    {"RandomResizedCrop": {"scale": [0.5, 1.0]}},
    {"RandAugment": {"num_ops": 2}},
    {"TrivialAugment": {}},
]
POLICY = make_policy(TRANSFORMS)
COPIES, SEED = 3, 5
make_block = streaming._make_block


def shutdown_pool():
    from loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True)


@pytest.fixture
def kept(labelled_images):
    return augment_images(labelled_images, POLICY, COPIES, SEED).gather()


@pytest.fixture
def streamed(labelled_images):
    return StreamedImages(labelled_images, POLICY, COPIES, SEED)


@pytest.fixture
def blocks(kept):
    """Blocks of seven rows, and a short last one, of three epochs."""
    generator = np.random.default_rng(0)
    orders = [generator.permutation(len(kept)) for _ in range(3)]
    return [order[i : i + 7] for order in orders for i in range(0, len(order), 7)]


def offer(images, **changes):
    parameters = AugmentParameters(copies=COPIES, keep=True, transforms=TRANSFORMS)
    return offer_variants(images, POLICY, parameters.model_copy(update=changes), SEED)


def test_streamed_pixels_are_those_that_would_have_been_kept(streamed, kept, blocks):
    count = 0
    for pixels, rows in zip(streamed.stream_pixels(blocks), blocks, strict=True):
        np.testing.assert_array_equal(pixels, kept["image"][rows])
        count += 1
    assert count == len(blocks)


@pytest.mark.parametrize("first", [1, 6, 20])
def test_a_stream_may_begin_at_any_block(streamed, kept, blocks, first):
    assert (len(blocks[first]) < len(blocks[0])) == (first in {6, 20})  # a slot would be too small
    made = [pixels.copy() for pixels in streamed.stream_pixels(blocks, first)]
    for pixels, rows in zip(made, blocks[first:], strict=True):
        np.testing.assert_array_equal(pixels, kept["image"][rows])


def test_memory_mapped_images_are_streamed_as_well(labelled_images, kept, blocks, tmp_path):
    np.save(tmp_path / "images.npy", labelled_images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    made = StreamedImages(mapped, POLICY, COPIES, SEED).stream_pixels(blocks)
    for pixels, rows in zip(made, blocks, strict=True):
        np.testing.assert_array_equal(pixels, kept["image"][rows])


def test_pixels_stay_while_they_are_in_use_however_slow_the_training(streamed, kept, blocks):
    """The workers, which are ahead by then, write elsewhere."""
    import time

    for number, pixels in enumerate(streamed.stream_pixels(blocks[:8])):
        time.sleep(0.2)
        np.testing.assert_array_equal(pixels, kept["image"][blocks[number]])


def make_block_unless_killed(*given):
    """Write half of a block, and end as a process does for which there is no memory."""
    made = make_block(*given)
    marker = Path(os.environ["KILLED_ONCE"])
    if not marker.exists():
        marker.touch()
        given[-1][0].open()[: made // 2] = 0
        os.kill(os.getpid(), signal.SIGKILL)
    return made


@pytest.mark.slow
def test_a_worker_that_was_killed_changes_no_pixel(streamed, kept, blocks, tmp_path, monkeypatch):
    monkeypatch.setenv("KILLED_ONCE", str(tmp_path / "killed"))
    shutdown_pool()  # so that new ones see the variable
    monkeypatch.setattr(streaming, "_make_block", make_block_unless_killed)
    for pixels, rows in zip(streamed.stream_pixels(blocks), blocks, strict=True):
        np.testing.assert_array_equal(pixels, kept["image"][rows])
    assert (tmp_path / "killed").exists()


def test_few_blocks_need_no_other_process(streamed, kept, blocks, monkeypatch):
    monkeypatch.setattr("loky.get_reusable_executor", None)
    (pixels,) = streamed.stream_pixels(blocks[:1])
    np.testing.assert_array_equal(pixels, kept["image"][blocks[0]])


def test_rows_and_fields_are_those_that_would_have_been_kept(streamed, kept):
    assert len(streamed) == len(kept)
    for name in ("label", "index", "copy"):
        np.testing.assert_array_equal(streamed[name], kept[name])
    rows = np.random.default_rng(1).permutation(len(kept))[:20]
    np.testing.assert_array_equal(streamed[rows], kept[rows])
    assert len(streamed[rows[:0]]) == 0


def test_all_pixels_at_once_are_refused(streamed):
    with pytest.raises(KeyError, match="row by row"):
        streamed["image"]


def test_a_stream_that_is_left_early_ends(streamed, blocks):
    stream = streamed.stream_pixels(blocks)
    next(stream)
    stream.close()
    assert len(list(streamed.stream_pixels(blocks[:5]))) == 5


def test_kept_variants_are_offered_as_they_are(kept):
    assert offer(kept) is kept


def test_without_copies_there_is_nothing_to_stream(labelled_images):
    assert offer(labelled_images, copies=0, keep=False) is labelled_images


def test_variants_that_are_not_kept_are_streamed_by_workers_that_start_at_once(
    labelled_images, monkeypatch
):
    started = []
    monkeypatch.setattr(streaming, "start_pool", started.append)
    assert isinstance(offer(labelled_images, keep=False), StreamedImages)
    assert len(started) == 1


@pytest.mark.parametrize("changes", [{"keep": False}, {"copies": 2}])
def test_what_is_left_of_another_run_is_a_named_error(kept, changes):
    with pytest.raises(DataError, match=r"holds 3 variants .* kedro run --pipelines augment"):
        offer(kept, **changes)


def test_originals_alone_where_variants_should_be_kept_are_a_named_error(labelled_images):
    with pytest.raises(DataError, match="holds 0 variants"):
        offer(labelled_images)
