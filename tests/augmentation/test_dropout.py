import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SHARES = {"hole_height_range": [0.1, 0.6], "hole_width_range": [0.2, 0.9], "p": 1.0}
LARGE = [(28, 28, 1), (32, 20, 3)]


@pytest.mark.parametrize(
    "arguments",
    [
        {"p": 1.0},
        SHARES | {"num_holes_range": [1, 6]},
        SHARES | {"fill": 128, "p": 0.3},
        SHARES | {"fill": 12.7},
    ],
)
def test_holes_in_shares_give_the_pixels_of_albumentations(assert_as_stock, arguments):
    assert_as_stock("CoarseDropout", arguments)


@pytest.mark.parametrize("heights", [[1, 3], [2, 2], [5, 900]])
def test_holes_in_pixels_give_the_pixels_of_albumentations(assert_as_stock, heights):
    pixels = {"hole_height_range": heights, "hole_width_range": [4, 6], "p": 1.0}
    assert_as_stock("CoarseDropout", pixels, shapes=LARGE)


def test_holes_are_filled_with_a_value_for_each_channel(assert_as_stock):
    assert_as_stock("CoarseDropout", SHARES | {"fill": [1, 2, 3]}, shapes=[(32, 20, 3)])
    assert_as_stock("CoarseDropout", SHARES | {"fill": [9]}, shapes=[(32, 20, 1)])


@pytest.mark.parametrize("fill", ["random", "random_uniform", "inpaint_telea", "inpaint_ns"])
def test_other_fillings_are_left_to_albumentations(assert_as_stock, fill):
    assert_as_stock("CoarseDropout", SHARES | {"fill": fill}, left=True, shapes=LARGE)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3])),
    st.fixed_dictionaries(
        {
            "num_holes_range": st.integers(1, 9).map(lambda n: [1, n]),
            "hole_height_range": st.floats(0, 0.99).map(lambda x: [0, x]),
            "hole_width_range": st.floats(0, 0.99).map(lambda x: [0, x]),
            "p": st.just(1.0),
        }
    ),
    st.integers(1, 2**32 - 1),
)
def test_any_size_and_any_holes(assert_as_stock, shape, holes, seed):
    assert_as_stock("CoarseDropout", holes, shapes=[shape], seeds=[seed])


def test_what_albumentations_refuses_of_an_image_is_refused(assert_as_stock):
    tall = {"hole_height_range": [50, 60], "hole_width_range": [1, 2], "p": 1.0}
    with pytest.raises(ValueError, match="low >= high"):
        assert_as_stock("CoarseDropout", tall, shapes=[(28, 28, 1)])
    with pytest.raises(ValueError, match="same number of channels"):
        assert_as_stock("CoarseDropout", {"fill": [1, 2, 3]}, shapes=[(28, 28, 1)])
