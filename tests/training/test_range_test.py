import numpy as np
import pandas as pd
import pytest

from onion_pipeline.augmentation.policy import make_policy
from onion_pipeline.augmentation.streaming import StreamedImages
from onion_pipeline.training import range_test
from onion_pipeline.training.range_test import (
    HIGHEST,
    LOWEST,
    STEPS,
    measure_losses,
    plot_losses,
    recommend_rate,
    smooth_losses,
    tell_rate,
)


@pytest.fixture
def make_losses():
    """A function that returns the losses of a test, given a loss for each learning rate."""

    def make(describe, count=STEPS):
        rates = np.geomspace(LOWEST, HIGHEST, STEPS)[:count]
        losses = np.array([describe(rate) for rate in rates])
        columns = {"learning_rate": rates, "loss": losses, "smoothed_loss": smooth_losses(losses)}
        return pd.DataFrame({"step": np.arange(1, count + 1), **columns})

    return make


def dip(rate):
    """A loss that is 2, and least at a rate of 0.1."""
    return 2 - 1.5 * np.exp(-((np.log10(rate) + 1) ** 2))


def test_the_rate_rises_evenly_until_the_loss_explodes(untrained, parameters, make_noise):
    losses = measure_losses(untrained, make_noise(24, 0), parameters, seed=1)
    assert 20 < len(losses) <= STEPS
    assert losses["step"].tolist() == list(range(1, len(losses) + 1))
    expected = np.geomspace(LOWEST, HIGHEST, STEPS)[: len(losses)]
    np.testing.assert_allclose(losses["learning_rate"], expected)
    assert np.isfinite(losses).all(axis=None)
    least = losses["smoothed_loss"].cummin()
    assert (losses["smoothed_loss"] <= range_test.EXPLODED * least).all()


def test_the_steps_are_those_of_a_training_at_these_rates(
    keras, untrained, parameters, make_noise, monkeypatch
):
    monkeypatch.setattr(range_test, "STEPS", 6)
    images = make_noise(8, 0)
    exact = parameters.model_copy(update={"precision": "float32"})
    losses = measure_losses(untrained, images, exact, seed=1)
    theirs = keras.models.clone_model(untrained)
    theirs.set_weights(untrained.get_weights())
    theirs.compile(
        keras.optimizers.SGD(1.0, momentum=0.9, nesterov=True), "sparse_categorical_crossentropy"
    )
    for row in losses.itertuples():
        theirs.optimizer.learning_rate = row.learning_rate
        loss = float(np.ravel(theirs.train_on_batch(images["image"], images["label"]))[0])
        assert row.loss == pytest.approx(loss, rel=1e-3)
        if not np.isfinite(loss) or row.learning_rate > 1:
            break
    assert len(losses) > 2


def test_the_network_is_left_as_it_is_and_the_same_seed_gives_the_same_losses(
    untrained, parameters, make_noise
):
    before = untrained.get_weights()
    recipe = {"mixup": 0.4, "ema": 0.9, "label_smoothing": 0.1, "optimizer": "adam"}
    changed = parameters.model_copy(update=recipe)
    first, again = (measure_losses(untrained, make_noise(24, 0), changed, seed=1) for _ in "ab")
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert all(map(np.array_equal, before, untrained.get_weights()))


def test_streamed_variants_are_learned_from_like_kept_ones(untrained, parameters, make_noise):
    images = make_noise(14, 0)
    images["index"] = np.arange(14)
    streamed = StreamedImages(
        images, make_policy([{"HorizontalFlip": {"p": 0.5}}]), copies=1, seed=3
    )
    losses = measure_losses(untrained, streamed, parameters, seed=1)
    kept = streamed[np.arange(len(streamed))]
    pd.testing.assert_frame_equal(losses, measure_losses(untrained, kept, parameters, seed=1))


def test_a_tenth_of_the_rate_with_the_least_loss_is_to_be_taken(make_losses):
    losses = make_losses(dip)
    least = losses["learning_rate"][losses["smoothed_loss"].idxmin()]
    rate = recommend_rate(losses)
    assert rate == pytest.approx(least / 10, rel=0.05)
    assert 0.01 < rate < 0.05  # smoothing lags a little behind
    assert rate == float(f"{rate:.2g}")
    assert tell_rate(losses) == (
        f"take {rate}, a tenth of that with the least loss: "
        f"kedro run --params train.learning_rate={rate}"
    )


def test_a_small_rate_is_told_without_an_exponent(make_losses):
    told = tell_rate(make_losses(lambda rate: dip(rate * 3e3), count=90))
    assert "e-" not in told
    assert "train.learning_rate=0.00000" in told


@pytest.mark.parametrize(
    ("describe", "count"), [(lambda _: 2.0, STEPS), (lambda rate: 2 + rate, STEPS), (dip, 5)]
)
def test_no_rate_is_told_where_none_made_the_loss_fall(make_losses, describe, count):
    losses = make_losses(describe, count)
    assert recommend_rate(losses) is None
    assert tell_rate(losses).startswith("none from 1e-06 to ")
    assert not plot_losses(losses).layout.shapes


def test_smoothed_losses_begin_with_the_first_and_follow_the_others():
    assert smooth_losses(np.array([3.0, 3.0, 3.0])) == pytest.approx([3, 3, 3])
    assert smooth_losses(np.array([1.0, 2.0])) == pytest.approx([1, (0.09 + 0.2) / 0.19])


@pytest.mark.parametrize("broken", [np.nan, np.inf, 1e9])
def test_a_loss_that_explodes_ends_the_test(untrained, parameters, make_noise, monkeypatch, broken):
    def run_blocks(course, pixels, position):
        yield np.array([2.0, 1.0, 1.0, broken, 1.0], np.float32), position

    monkeypatch.setattr(range_test.epochs, "run_blocks", run_blocks)
    losses = measure_losses(untrained, make_noise(24, 0), parameters, seed=1)
    assert losses["loss"].tolist() == [2, 1, 1]


def test_the_figure_has_the_losses_over_a_logarithmic_axis_and_the_rate(make_losses):
    losses = make_losses(dip)
    figure = plot_losses(losses)
    assert [list(curve.y) for curve in figure.data] == [
        losses[name].tolist() for name in ("loss", "smoothed_loss")
    ]
    assert figure.layout.xaxis.type == "log"
    (line,) = figure.layout.shapes
    assert line.x0 == line.x1 == recommend_rate(losses)
