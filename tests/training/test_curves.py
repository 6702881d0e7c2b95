import pandas as pd
import pytest

from onion_pipeline.training.curves import plot_training_curves


@pytest.fixture
def history():
    return pd.DataFrame(
        {
            "epoch": [1, 2, 3],
            "loss": [3.0, 2.0, 1.0],
            "accuracy": [0.1, 0.2, 0.3],
            "validation_loss": [3.5, 2.5, 2.75],
            "validation_accuracy": [0.15, 0.25, 0.2],
            "best": [False, True, False],
        }
    )


def test_four_curves_show_the_history(history):
    curves = plot_training_curves(history).data
    columns = ["loss", "validation_loss", "accuracy", "validation_accuracy"]
    assert [list(curve.y) for curve in curves] == [history[name].tolist() for name in columns]
    assert all(list(curve.x) == [1, 2, 3] for curve in curves)


def test_training_and_validation_are_named_once_in_the_legend(history):
    curves = plot_training_curves(history).data
    assert [c.name for c in curves if c.showlegend] == ["training", "validation"]


def test_two_phases_are_apart_and_a_line_shows_where_fine_tuning_begins(history):
    phases = ["probe", "probe", "fine_tuning"]
    figure = plot_training_curves(history.assign(phase=phases))
    training = [curve for curve in figure.data if curve.name == "training"]
    assert [list(curve.x) for curve in training] == [[1, 2], [3]] * 2
    assert [c.name for c in figure.data if c.showlegend] == ["training", "validation"]
    validation = [curve for curve in figure.data if curve.name == "validation"]
    assert [list(curve.x) for curve in validation] == [[1, 2, 3]] * 2
    lines = [line for line in figure.layout.shapes if line.line.dash is None]
    assert [line.x0 for line in lines] == [2.5, 2.5]
    assert [note.text for note in figure.layout.annotations].count("fine-tuning") == 2


def test_a_probe_alone_has_no_such_line(history):
    figure = plot_training_curves(history.assign(phase="probe"))
    assert len(figure.layout.shapes) == 2
    assert len(figure.data) == 4


def test_both_panels_mark_the_epoch_that_was_kept(history):
    figure = plot_training_curves(history)
    assert [(line.x0, line.x1) for line in figure.layout.shapes] == [(2, 2), (2, 2)]
    assert "epoch 2" in figure.layout.xaxis.title.text
