import numpy as np
import pytest

from onion_pipeline.explanation.samples import Limits, sample_layers, sample_output, share_limits
from onion_pipeline.model.graph import compute_outputs


def test_the_most_active_maps_are_kept_as_means_of_blocks():
    output = np.zeros((5, 4, 3), np.float32)
    output[..., 1], output[..., 2] = 2.0, -1.0
    output[4, :, 1] = 12.0
    maps, channels, (low, high), activity = sample_output(output, Limits(2, 2, 100))
    assert maps.shape == (2, 2, 2)
    assert channels.tolist() == [1, 2]
    assert (low, high) == (-1.0, 7.0)  # rows 0 to 2 are one block, 3 and 4 the other
    shown = low + maps / 255 * (high - low)
    np.testing.assert_allclose(shown[..., 0], [[2, 2], [7, 7]], atol=8 / 255)
    np.testing.assert_allclose(shown[..., 1], -1, atol=8 / 255)
    assert activity.tolist() == [0, 255, round(255 / 4)]


def test_a_row_of_numbers_keeps_its_order():
    row = np.float32([0.5, 3.0, -2.0, 1.0])
    for output in (row, row.reshape(1, 1, 4)):
        maps, channels, (low, high), _ = sample_output(output, Limits(1, 14, 3))
        assert channels.tolist() == [1, 2, 3]
        assert (low, high) == (-2.0, 3.0)
        assert maps.ravel().tolist() == [255, 0, round(255 * 3 / 5)]


def test_numbers_that_are_all_zero_stay_so():
    maps, _, ends, activity = sample_output(np.zeros((4, 4, 2), np.float32), Limits(2, 4, 99))
    assert ends == [0, 0]
    assert not maps.any()
    assert not activity.any()


def test_samples_are_of_what_leaves_the_layers(onion):
    images = np.random.default_rng(0).integers(0, 256, (3, 12, 10, 3), dtype=np.uint8)
    outputs = compute_outputs(onion, ["conv2d_1"], images)["conv2d_1"]
    limits = {"conv2d_1": Limits(2, 12, 1000)}
    found = sample_layers(onion, limits, images)["conv2d_1"]
    for maps, channels, (low, high), output in zip(
        found.maps, found.channels, found.ranges, outputs, strict=True
    ):
        step = (high - low) / 255
        np.testing.assert_allclose(low + maps * step, output[..., channels], atol=step)
        sizes = np.abs(output).mean((0, 1))
        assert sizes[channels].tolist() == sorted(sizes, reverse=True)[:2]


def test_nothing_is_asked_for_nothing(onion):
    assert sample_layers(onion, {}, np.zeros((1, 12, 10, 3), np.uint8)) == {}


@pytest.mark.parametrize(("room", "size"), [(1000, 50), (80, 10), (0, 0)])
def test_all_samples_fit_into_the_room(room, size):
    limits = share_limits({"a": (9, 9, 4), "b": (3, 3, 4)}, 4, room, Limits(8, 14, 50))
    assert {limit.size for limit in limits.values()} == {size}
