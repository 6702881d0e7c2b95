"""The learning curves as a figure."""

from onion_pipeline.annotations import DataFrame, PlotlyFigure
from onion_pipeline.drawing.canvas import ACCENT, INK


def plot_training_curves(training_history: DataFrame) -> PlotlyFigure:
    """Return loss and accuracy over the epochs, with the epoch whose weights were kept.

    Args:
        training_history: from :func:`~onion_pipeline.training.fit.train_model`.
    """
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=1, cols=2, subplot_titles=("Loss", "Accuracy"))
    for column, name in enumerate(("loss", "accuracy"), start=1):
        for prefix, title, color in (("", "training", INK), ("validation_", "validation", ACCENT)):
            figure.add_scatter(
                x=training_history["epoch"],
                y=training_history[prefix + name],
                name=title,
                mode="lines+markers",
                line={"color": color},
                legendgroup=title,
                showlegend=column == 1,
                row=1,
                col=column,
            )
    best = int(training_history.loc[training_history["best"], "epoch"].iloc[0])
    figure.add_vline(x=best, line={"dash": "dot", "color": "gray"})
    figure.update_xaxes(title=f"epoch (the weights of epoch {best} were kept)")
    figure.update_layout(template="plotly_white", title="How the network learned")
    return figure
