import numpy as np
import pytest

from onion_pipeline.drawing.canvas import show_image, tile_images


def make_tiles(count: int, channels: int) -> np.ndarray:
    """Pictures of 4x6, each of one value: 10, 20, 30, ..."""
    values = 10 * np.arange(1, count + 1, dtype=np.uint8)
    return np.broadcast_to(values[:, None, None, None], (count, 4, 6, channels))


@pytest.fixture
def axes():
    from matplotlib.figure import Figure

    return Figure().subplots()


@pytest.mark.parametrize("channels", [1, 3])
def test_an_image_is_shown_with_its_values_as_they_are(axes, channels):
    image = make_tiles(1, channels)[0]
    show_image(axes, image)
    (shown,) = axes.get_images()
    np.testing.assert_array_equal(np.reshape(shown.get_array(), image.shape), image)
    assert shown.get_clim() == (0, 255)


def test_a_grey_image_is_shown_in_grey(axes):
    show_image(axes, make_tiles(1, 1)[0])
    assert axes.get_images()[0].get_cmap().name == "gray"


def test_an_image_is_shown_without_ticks_and_frame(axes):
    show_image(axes, make_tiles(1, 3)[0])
    assert not len(axes.get_xticks())
    assert not len(axes.get_yticks())
    assert not any(side.get_visible() for side in axes.spines.values())


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_the_sheet_has_the_mode_of_its_images(channels, mode):
    assert tile_images(make_tiles(2, channels), 2).mode == mode


def test_every_image_lies_whole_in_its_place():
    sheet = np.asarray(tile_images(make_tiles(5, 3), columns=2))
    height, width = sheet.shape[0] // 3, sheet.shape[1] // 2
    for number, image in enumerate(make_tiles(5, 3)):
        top, left = number // 2 * height, number % 2 * width
        np.testing.assert_array_equal(sheet[top : top + 4, left : left + 6], image)


def test_between_images_and_in_empty_places_it_is_white():
    sheet = np.asarray(tile_images(make_tiles(3, 1), columns=2))
    covered = make_tiles(3, 1).size
    assert (sheet == 255).sum() == sheet.size - covered


def test_scale_enlarges_every_pixel():
    small = np.asarray(tile_images(make_tiles(3, 3), 2))
    large = np.asarray(tile_images(make_tiles(3, 3), 2, scale=3))
    np.testing.assert_array_equal(large, small.repeat(3, axis=0).repeat(3, axis=1))
