"""The learning curves as a figure."""

from onion_pipeline.annotations import DataFrame, PlotlyFigure
from onion_pipeline.drawing.canvas import ACCENT, INK


def plot_training_curves(training_history: DataFrame) -> PlotlyFigure:
    """Return loss and accuracy over the epochs, with the epoch whose weights were kept.

    Args:
        training_history: from :func:`~onion_pipeline.training.phases.train_phases`. Of two phases
            the curves of the training are apart: they are of other pictures, and of other losses.
    """
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=1, cols=2, subplot_titles=("Loss", "Accuracy"))
    start = _find_fine_tuning(training_history)
    for column, name in enumerate(("loss", "accuracy"), start=1):
        for prefix, title, color in (("", "training", INK), ("validation_", "validation", ACCENT)):
            parts = _cut(training_history, None if prefix else start)
            for number, part in enumerate(parts):
                figure.add_scatter(
                    x=part["epoch"],
                    y=part[prefix + name],
                    name=title,
                    mode="lines+markers",
                    line={"color": color},
                    legendgroup=title,
                    showlegend=column == 1 and number == 0,
                    row=1,
                    col=column,
                )
    if start is not None:
        figure.add_vline(
            x=start - 0.5,
            line={"color": "gray", "width": 1},
            annotation={"text": "fine-tuning", "font": {"color": "gray"}, "bgcolor": "white"},
            annotation_position="top right",
        )
    best = int(training_history.loc[training_history["best"], "epoch"].iloc[0])
    figure.add_vline(x=best, line={"dash": "dot", "color": "gray"})
    figure.update_xaxes(title=f"epoch (the weights of epoch {best} were kept)")
    figure.update_layout(template="plotly_white", title="How the network learned")
    return figure


def _find_fine_tuning(history: DataFrame) -> int | None:
    """Return the first epoch after a probe, if the history has any."""
    if "phase" not in history or history["phase"].nunique() == 1:
        return None
    return int(history.loc[history["phase"] != history["phase"].iloc[0], "epoch"].min())


def _cut(history: DataFrame, start: int | None) -> list[DataFrame]:
    """Return the epochs before `start` and those from it on; all of them where that is None."""
    if start is None:
        return [history]
    return [history[history["epoch"] < start], history[history["epoch"] >= start]]
