import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageFilter

from onion_pipeline.images.quality import measures
from onion_pipeline.images.quality.measures import ODDITIES, find_odd, measure_images


def make_images(*values: float, channels: int = 3) -> np.ndarray:
    return np.stack([np.full((6, 8, channels), value, np.uint8) for value in values])


def test_black_is_0_and_white_is_1():
    measured = measure_images(make_images(0, 255, 51))
    assert measured["brightness"].tolist() == pytest.approx([0, 1, 0.2])


@pytest.mark.parametrize("channels", [1, 3])
def test_contrast_is_the_standard_deviation_of_gray(channels):
    images = make_images(0, 0, channels=channels)
    images[0, :, ::2] = 255
    assert measure_images(images)["contrast"].tolist() == pytest.approx([0.5, 0])


def test_colours_are_as_bright_as_pillow_says():
    noise = np.random.default_rng(0).integers(0, 256, (5, 9, 7, 3), dtype=np.uint8)
    gray = [np.asarray(Image.fromarray(image).convert("L")).mean() / 255 for image in noise]
    assert measure_images(noise)["brightness"].tolist() == pytest.approx(gray, abs=0.003)


def test_the_more_a_picture_is_blurred_the_less_sharp_it_is():
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8))
    images = [np.asarray(noise.filter(ImageFilter.GaussianBlur(size))) for size in (0, 1, 2, 4)]
    sharpness = measure_images(np.stack(images))["sharpness"]
    assert sharpness.is_monotonic_decreasing
    assert sharpness[0] - sharpness[3] > 2


def test_sharpness_is_the_variance_of_the_laplacian():
    image = np.zeros((1, 3, 3, 1), np.uint8)
    image[0, 1, 1] = 9
    laplacian = [[0, 9, 0], [9, -36, 9], [0, 9, 0]]
    expected = np.log10(np.var(laplacian))
    assert measure_images(image)["sharpness"][0] == pytest.approx(expected, abs=1e-5)


def test_a_blank_picture_has_the_least_sharpness():
    assert measure_images(make_images(7))["sharpness"].tolist() == pytest.approx([-2])


def test_chunks_make_no_difference(monkeypatch):
    noise = np.random.default_rng(0).integers(0, 256, (50, 6, 8, 3), dtype=np.uint8)
    whole = measure_images(noise)
    monkeypatch.setattr(measures, "CHUNK_BYTES", 8 * 6 * 8 * 3 * 7)
    pd.testing.assert_frame_equal(measure_images(noise), whole)


def test_no_picture_has_no_measure():
    assert measure_images(np.empty((0, 4, 4, 1), np.uint8)).shape == (0, 3)


@pytest.mark.parametrize(
    ("name", "measure", "value"),
    [
        ("dark", "brightness", 0.05),
        ("bright", "brightness", 0.95),
        ("flat", "contrast", 0.01),
        ("blurred", "sharpness", -1.5),
    ],
)
def test_what_stands_out_is_found(name, measure, value):
    generator = np.random.default_rng(0)
    columns = {key: generator.uniform(0.4, 0.6, 200) for key in ("brightness", "contrast")}
    measured = pd.DataFrame({**columns, "sharpness": generator.uniform(2, 4, 200)})
    measured.loc[17, measure] = value
    odd = {key: find_odd(measured, key) for key in ODDITIES}
    assert odd[name].to_dict() == {17: value}
    assert not any(len(found) for key, found in odd.items() if key != name)


def test_the_oddest_is_named_first():
    measured = pd.DataFrame({"brightness": [0.5, 0.51, 0.49] * 20 + [0.9, 1.0, 0.95]})
    assert find_odd(measured, "bright").tolist() == [1.0, 0.95, 0.9]


def test_nothing_stands_out_where_all_are_alike():
    measured = pd.DataFrame({"brightness": [0.5] * 10})
    assert find_odd(measured, "dark").empty


def test_what_differs_from_equals_stands_out():
    measured = pd.DataFrame({"brightness": [0.5] * 99 + [0.1]})
    assert find_odd(measured, "dark").index.tolist() == [99]
