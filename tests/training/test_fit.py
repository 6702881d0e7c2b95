import logging

import numpy as np
import pandas as pd
import pytest

from onion_pipeline.errors import TrainingDivergedError
from onion_pipeline.images.arrays import labelled_dtype
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.parameters import EarlyStopping
from onion_pipeline.training.epochs import weigh_classes
from onion_pipeline.training.fit import train_model

pytestmark = pytest.mark.slow  # trainings

# Noise is learned by heart at once, so that the validation loss is least early on.
OVERFIT = {"epochs": 6, "optimizer": "adam", "learning_rate": 0.02}


def are_equal(weights, others):
    return all(map(np.array_equal, weights, others))


def measure_losses(model, images):
    probabilities = model.predict_on_batch(images["image"])
    return -np.log(probabilities[np.arange(len(images)), images["label"]])


@pytest.mark.parametrize("patience", [None, 2])
def test_the_weights_of_the_best_epoch_are_kept(
    untrained, parameters, make_noise, patience, caplog
):
    stopping = EarlyStopping(patience=patience) if patience else None
    overfit = parameters.model_copy(update=OVERFIT | {"early_stopping": stopping})
    validation = make_noise(30, 1)
    with caplog.at_level(logging.INFO):
        model, history, _ = train_model(untrained, make_noise(24, 0), validation, overfit, seed=0)
    best = int(history["best"].argmax())
    assert history["best"].sum() == 1
    assert best == history["validation_loss"].argmin()
    assert best < len(history) - 1  # or the last weights would do
    assert len(history) == (best + 1 + patience if patience else OVERFIT["epochs"])
    kept = measure_losses(model, validation).mean()
    assert kept == pytest.approx(history["validation_loss"][best], rel=1e-5)
    ours = [record for record in caplog.records if record.name.startswith("onion_pipeline")]
    assert [o.getMessage().startswith("epoch") for o in ours] == [True] * len(history)


def test_the_best_epoch_is_the_least_loss_however_little_it_improves(
    untrained, parameters, make_noise
):
    patient = parameters.model_copy(
        update={"learning_rate": 0.001, "early_stopping": EarlyStopping(patience=9, min_delta=9)}
    )
    images = make_noise(24, 0)
    _, history, _ = train_model(untrained, images, images, patient, seed=0)
    assert history["validation_loss"].argmin() > 0
    assert history["best"].argmax() == history["validation_loss"].argmin()


def test_a_seed_decides_weights_and_history_to_the_last_bit(keras, parameters, make_noise):
    layers = read_layers(["flatten", {"dropout": {"rate": 0.5}}])
    untrained = build_model(layers, (8, 8, 1), 3, seed=0)
    data = make_noise(20, 0), make_noise(9, 1)
    first, again, other = (train_model(untrained, *data, parameters, seed) for seed in (1, 1, 2))
    assert are_equal(first.model.get_weights(), again.model.get_weights())
    pd.testing.assert_frame_equal(first.history, again.history, check_exact=True)
    assert not are_equal(first.model.get_weights(), other.model.get_weights())


RELU = {"activation": {"activation": "relu"}}
SCAN = [{"conv2d": {"filters": 4, "padding": "same", "use_bias": False}}, "batch_normalization"]


def test_a_network_with_residuals_learns_the_same_twice_and_answers_as_it_was_judged(
    keras, parameters, make_noise
):
    branch = [*SCAN, RELU, "max_pooling2d", *SCAN, RELU]
    layers = [*SCAN, {"residual": {"layers": branch, "projection": True}}, RELU, "flatten"]
    untrained = build_model(read_layers(layers), (8, 8, 1), 3, seed=0)
    data = make_noise(24, 0), make_noise(9, 1)
    slowly = parameters.model_copy(update={"learning_rate": 0.01})
    first, again = (train_model(untrained, *data, slowly, seed=1) for _ in range(2))
    assert are_equal(first.model.get_weights(), again.model.get_weights())
    assert not are_equal(first.model.get_weights(), untrained.get_weights())
    losses = measure_losses(first.model, data[1])
    assert losses.mean() == pytest.approx(first.history["validation_loss"].min(), rel=1e-5)


def test_the_windows_of_the_first_convolution_are_kept_of_each_epoch(parameters, make_noise):
    layers = read_layers([{"conv2d": {"filters": 2, "activation": "relu"}}, "flatten"])
    untrained = build_model(layers, (8, 8, 1), 3, seed=0)
    few = parameters.model_copy(update={"epochs": 3, "early_stopping": None})
    model, history, kernels = train_model(untrained, make_noise(9, 0), make_noise(9, 1), few, 0)
    assert kernels.shape == (4, 3, 3, 1, 2)
    np.testing.assert_array_equal(kernels[0], untrained.get_weights()[0])
    best = history.loc[history["best"], "epoch"].item()
    np.testing.assert_array_equal(kernels[best], model.get_weights()[0])


def test_a_network_without_a_convolution_has_no_windows(untrained, parameters, make_noise):
    kernels = train_model(untrained, make_noise(9, 0), make_noise(9, 1), parameters, 0).kernels
    assert kernels.shape[1:] == (0, 0, 0, 0)


def test_the_untrained_model_is_left_as_it_is(untrained, parameters, make_noise):
    before = untrained.get_weights()
    trained = train_model(untrained, make_noise(9, 0), make_noise(9, 1), parameters, seed=0)
    assert are_equal(before, untrained.get_weights())
    assert not are_equal(before, trained.model.get_weights())


def test_the_trained_model_comes_without_its_optimizer(untrained, parameters, make_noise):
    trained = train_model(untrained, make_noise(9, 0), make_noise(9, 1), parameters, seed=0)
    assert not trained.model.compiled


def test_the_history_has_the_documented_columns(untrained, parameters, make_noise):
    history = train_model(untrained, make_noise(9, 0), make_noise(9, 1), parameters, 0).history
    assert history["epoch"].tolist() == [1, 2, 3]
    assert set(history.columns) == {
        "epoch",
        "loss",
        "accuracy",
        "validation_loss",
        "validation_accuracy",
        "best",
    }


@pytest.mark.parametrize("weighing", [None, "balanced"])
def test_class_weights_weigh_the_loss(untrained, parameters, make_noise, precision, weighing):
    images = make_noise(30, 0)[[0, 1, 2, 3, 4, 6, 9, 12, 15, 18, 21, 24]]
    whole = {"epochs": 1, "batch_size": len(images), "class_weights": weighing}
    expected = measure_losses(untrained, images)
    if weighing:
        expected *= weigh_classes(images["label"], 3)[images["label"]]
    changed = parameters.model_copy(update=whole)
    history = train_model(untrained, images, images, changed, seed=0).history
    assert history["loss"][0] == pytest.approx(
        expected.mean(), rel=1e-4 if precision == "float32" else 1e-2
    )


def test_mixed_precision_trains_and_returns_a_float32_model(keras, parameters, labelled_images):
    layers = read_layers([{"conv2d": {"filters": 2}}, "batch_normalization", "flatten"])
    untrained = build_model(layers, (12, 12, 3), 3, seed=0)
    mixed, plain = (
        parameters.model_copy(update={"precision": wanted})
        for wanted in ("mixed_bfloat16", "float32")
    )
    model, history, _ = train_model(untrained, labelled_images, labelled_images, mixed, seed=0)
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}
    assert {weight.dtype for weight in model.get_weights()} == {np.dtype("float32")}
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    assert keras.config.dtype_policy().name == "float32"
    exact = train_model(untrained, labelled_images, labelled_images, plain, seed=0)
    assert not are_equal(exact.model.get_weights(), model.get_weights())


@pytest.fixture
def make_bands():
    """Noisy pictures with a bright band at the top, in the middle or at the bottom."""

    def make(count, seed):
        generator = np.random.default_rng(seed)
        images = np.zeros(count, labelled_dtype((8, 8, 1)))
        images["label"] = generator.integers(0, 3, count)
        images["image"] = generator.integers(0, 200, (count, 8, 8, 1))
        for number, label in enumerate(images["label"]):
            images["image"][number, 3 * label : 3 * label + 2] += 55
        return images

    return make


RECIPE = {
    "label_smoothing": 0.1,
    "mixup": 0.2,
    "cutmix": 0.5,
    "ema": 0.99,
    "gradient_clipping": 1.0,
    "schedule": "one_cycle",
}


@pytest.mark.parametrize("name", [*RECIPE, "all"])
def test_with_each_part_of_the_recipe_it_learns(untrained, parameters, make_bands, name):
    part = RECIPE if name == "all" else {name: RECIPE[name]}
    changes = {"optimizer": "adamw", "learning_rate": 0.01, "epochs": 8, **part}
    data = make_bands(240, 0), make_bands(90, 1)
    history = train_model(untrained, *data, parameters.model_copy(update=changes), 0).history
    best = history.loc[history["best"]].iloc[0]
    assert best["validation_accuracy"] > 0.85  # a guess is right in a third
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]


def test_averages_are_judged_and_kept_and_the_network_learns_on(parameters, make_noise):
    layers = read_layers([{"conv2d": {"filters": 2, "activation": "relu"}}, "flatten"])
    untrained = build_model(layers, (8, 8, 1), 3, seed=0)
    validation = make_noise(30, 1)
    averaged, plain = (
        train_model(
            untrained,
            make_noise(24, 0),
            validation,
            parameters.model_copy(update={"ema": decay, "precision": "float32"}),
            seed=0,
        )
        for decay in (0.95, None)
    )
    # What learns is the same: averages are only looked at.
    pd.testing.assert_series_equal(averaged.history["loss"], plain.history["loss"])
    assert (averaged.history["validation_loss"] != plain.history["validation_loss"]).all()
    best = averaged.history.loc[averaged.history["best"]].iloc[0]
    kept = measure_losses(averaged.model, validation).mean()
    assert kept == pytest.approx(best["validation_loss"], rel=1e-5)
    kernels = averaged.kernels
    np.testing.assert_array_equal(kernels[0], untrained.get_weights()[0])
    np.testing.assert_array_equal(kernels[int(best["epoch"])], averaged.model.get_weights()[0])


def test_an_absurd_learning_rate_is_a_named_error(untrained, parameters, make_noise):
    absurd = parameters.model_copy(update={"learning_rate": 1e30})
    with pytest.raises(
        TrainingDivergedError, match=r"became nan in step . of epoch 1 \(batches of 8\)"
    ):
        train_model(untrained, make_noise(24, 0), make_noise(9, 1), absurd, seed=0)


def test_weights_that_are_no_numbers_are_a_named_error(untrained, parameters, make_noise):
    untrained.set_weights([weights * np.nan for weights in untrained.get_weights()])
    with pytest.raises(TrainingDivergedError, match="nan in step 1 of epoch 1"):
        train_model(untrained, make_noise(8, 0), make_noise(9, 1), parameters, seed=0)
