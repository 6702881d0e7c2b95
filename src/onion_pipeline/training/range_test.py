"""The learning rate range test: with which learning rate a network learns best.

After Leslie N. Smith, https://arxiv.org/abs/1506.01186: the rate rises from step to step, the loss
falls, and falls faster, until the rate is too high and it explodes.
"""

import logging
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, KerasModel, PlotlyFigure
from onion_pipeline.drawing.canvas import ACCENT, INK
from onion_pipeline.model.backend import import_keras
from onion_pipeline.parameters import TrainParameters
from onion_pipeline.training import epochs
from onion_pipeline.training.batches import ImageRows, read_pixels
from onion_pipeline.training.precision import choose_precision
from onion_pipeline.training.training_graph import make_training_graph

logger = logging.getLogger(__name__)

STEPS = 150
LOWEST, HIGHEST = 1e-6, 10.0
SMOOTHING = 0.9  # what the smoothed loss keeps in a step: single batches differ
EXPLODED = 4  # times the least smoothed loss
FALLEN = 0.95  # of the first smoothed losses; less of a fall may be chance
FIRST = 10  # steps, of a rate so low that nothing is learned


def measure_losses(
    untrained: KerasModel, images: ImageRows, parameters: TrainParameters, seed: int
) -> DataFrame:
    """Train a copy of `untrained` for some steps, each with a higher learning rate.

    Images, optimiser and recipe are those of a training with the same arguments, but for the
    schedule.

    Returns:
        Columns ``step`` (from 1), ``learning_rate``, ``loss`` of the batch and ``smoothed_loss``,
        up to the step in which the loss explodes.
    """
    import pandas as pd

    losses = _learn(untrained, images, parameters, seed)
    smoothed = smooth_losses(losses)
    count = _count_sound(smoothed)
    logger.info("the loss was measured in %d steps", count)
    steps = np.arange(count)
    rates = LOWEST * (HIGHEST / LOWEST) ** (steps / (STEPS - 1))
    columns = {"learning_rate": rates, "loss": losses[:count], "smoothed_loss": smoothed[:count]}
    return pd.DataFrame({"step": 1 + steps, **columns})


def recommend_rate(losses: DataFrame) -> float | None:
    """Return the learning rate to take, of two digits; ``None`` if none made the loss fall.

    It is a tenth of that at which the smoothed loss is least: there the loss is about to rise, and
    a tenth leaves room for a whole training. The steepest place would be higher in noise alone.

    Args:
        losses: from :func:`measure_losses`.
    """
    smoothed = losses["smoothed_loss"]
    if len(losses) <= FIRST or smoothed.min() > FALLEN * smoothed[:FIRST].mean():
        return None
    return float(f"{losses['learning_rate'][smoothed.idxmin()] / 10:.2g}")


def tell_rate(losses: DataFrame) -> str:
    """Return in one sentence which learning rate to take, why, and how.

    Args:
        losses: from :func:`measure_losses`.
    """
    rate = recommend_rate(losses)
    if rate is None:
        low, high = losses["learning_rate"].iloc[[0, -1]]
        return f"none from {low:g} to {high:.2g} made the loss fall: look at labels and layers"
    shown = np.format_float_positional(rate, trim="-")
    return (
        f"take {shown}, a tenth of that with the least loss: "
        f"kedro run --params train.learning_rate={shown}"
    )


def plot_losses(learning_rate_losses: DataFrame) -> PlotlyFigure:
    """Return the loss over the learning rate, with the rate to take.

    Args:
        learning_rate_losses: from :func:`measure_losses`.
    """
    import plotly.graph_objects as go

    rates, rate = learning_rate_losses["learning_rate"], recommend_rate(learning_rate_losses)
    figure = go.Figure()
    for name, title, color, mode in (
        ("loss", "loss of a batch", "lightgray", "markers"),
        ("smoothed_loss", "smoothed loss", ACCENT, "lines"),
    ):
        values = learning_rate_losses[name]
        figure.add_scatter(x=rates, y=values, name=title, mode=mode, marker={"color": color})
    if rate:
        figure.add_vline(
            x=rate, line={"dash": "dot", "color": INK}, annotation_text=f"take {rate:g}"
        )
    figure.update_xaxes(title="learning rate", type="log", exponentformat="power")
    figure.update_yaxes(title="loss")
    figure.update_layout(template="plotly_white", title="How the loss follows the learning rate")
    return figure


def smooth_losses(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return exponential moving averages of `losses`, (N,), without a bias towards zero."""
    kept, averages = 0.0, []
    for step, loss in enumerate(losses, start=1):
        kept = SMOOTHING * kept + (1 - SMOOTHING) * float(loss)
        averages.append(kept / (1 - SMOOTHING**step))
    return np.array(averages)


def _learn(
    untrained: KerasModel, images: ImageRows, parameters: TrainParameters, seed: int
) -> NDArray[np.float64]:
    """Return the losses of the steps, of whole blocks of them, until they explode."""
    from tqdm import tqdm

    keras = import_keras()
    keras.utils.set_random_seed(seed)
    graph = make_training_graph(untrained, choose_precision(parameters.precision, untrained))
    lasting = parameters.model_copy(update={"epochs": STEPS})  # an epoch has at least one step
    course = epochs.prepare_training(graph, images, lasting, seed)
    course.optimizer.learning_rate = keras.optimizers.schedules.ExponentialDecay(
        LOWEST, STEPS - 1, HIGHEST / LOWEST
    )
    losses: NDArray[np.float64] = np.zeros(0)
    with (
        closing(read_pixels(images, course.plan)) as pixels,
        tqdm(total=STEPS, unit="step", disable=None, leave=False) as bar,
    ):
        for epoch in range(STEPS):
            for found, _ in epochs.run_blocks(course, pixels, epochs.Position(epoch)):
                losses = np.concatenate([losses, found.astype(np.float64)])[:STEPS]
                bar.update(len(losses) - bar.n)
                if len(losses) == STEPS or _count_sound(smooth_losses(losses)) < len(losses):
                    return losses
    return losses


def _count_sound(smoothed: NDArray[np.float64]) -> int:
    """Return after how many steps the loss explodes; all if it does not."""
    least = np.minimum.accumulate(smoothed)
    sound = np.isfinite(smoothed) & (smoothed <= EXPLODED * least)
    return len(sound) if sound.all() else int(sound.argmin())
