import numpy as np
import pytest

from onion_pipeline.augmentation.policy import make_policy
from onion_pipeline.augmentation.preview import ROWS, VARIANTS, draw_augmentation_preview
from onion_pipeline.augmentation.variants import augment_images
from onion_pipeline.images.arrays import labelled_dtype

POLICY = make_policy([{"Affine": {"rotate": [-30, 30], "p": 1.0}}])


@pytest.mark.slow
def test_a_row_per_class_shows_the_original_and_the_variants_of_training(labelled_images):
    figure = draw_augmentation_preview(labelled_images, POLICY, ["a", "b", "c"], seed=4)
    expected = augment_images(labelled_images[:3], POLICY, VARIANTS, seed=4).gather()["image"]
    shown = np.stack([np.asarray(cell.images[0].get_array()) for cell in figure.axes])
    by_class = expected.reshape(1 + VARIANTS, 3, 12, 12, 3).swapaxes(0, 1)
    np.testing.assert_array_equal(shown, by_class.reshape(shown.shape))


def test_rows_are_named_after_their_classes(labelled_images):
    figure = draw_augmentation_preview(labelled_images, POLICY, ["a", "b", "c"], seed=0)
    assert [cell.get_ylabel() for cell in figure.axes[:: 1 + VARIANTS]] == ["a", "b", "c"]


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 3])
def test_the_sheet_can_be_drawn_and_has_ten_rows_at_most(channels):
    images = np.zeros(ROWS + 2, labelled_dtype((8, 8, channels)))
    images["label"] = np.arange(len(images))
    names = [f"class {number}" for number in range(len(images))]
    figure = draw_augmentation_preview(images, POLICY, names, seed=0)
    figure.draw_without_rendering()
    assert len(figure.axes) == ROWS * (1 + VARIANTS)
