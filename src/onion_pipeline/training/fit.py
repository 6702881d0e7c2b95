"""Training: from an untrained model and two sets of images to the best epoch's weights."""

from typing import Any, NamedTuple

import numpy as np

from onion_pipeline.annotations import DataFrame, KerasModel
from onion_pipeline.model.backend import import_keras
from onion_pipeline.parameters import TrainParameters
from onion_pipeline.training.batches import ImageRows, make_batches
from onion_pipeline.training.callbacks import make_callbacks
from onion_pipeline.training.optimizers import make_optimizer

# Keras runs so many steps in one call into TensorFlow; more gain nothing on small networks.
STEPS_PER_CALL = 32
# Only speed depends on it, and memory: predictions for a batch are made at once.
EVALUATION_BATCH = 256


class Trained(NamedTuple):
    """A trained model, without its optimiser, and how it got there.

    Args:
        model: with the weights of the best epoch.
        history: columns ``epoch`` (from 1), ``loss``, ``accuracy``, ``validation_loss``,
            ``validation_accuracy``, ``best`` (true in one row).
    """

    model: KerasModel
    history: DataFrame


def train_model(
    untrained: KerasModel,
    images: ImageRows,
    validation: ImageRows,
    parameters: TrainParameters,
    seed: int,
) -> Trained:
    """Train a copy of `untrained` and keep the weights of the epoch with the least validation loss.

    The same arguments on the same machine, with the same number of threads, give the same
    weights to the last bit.

    Args:
        untrained: from :func:`~onion_pipeline.model.build.build_model`; left as it is.
        images: labelled images for training, augmented ones among them.
        validation: labelled images that choose among the epochs.
        parameters: how to train.
        seed: of the order of the images and of Dropout.

    Raises:
        TrainingDivergedError: the loss is not finite; names the epoch and the step.
    """
    keras = import_keras()
    keras.utils.set_random_seed(seed)
    model = _set_precision(untrained, parameters.precision)
    batches = make_batches(images, parameters.batch_size, seed)
    model.compile(
        optimizer=make_optimizer(parameters, len(batches)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=min(STEPS_PER_CALL, len(batches)),
        jit_compile=False,  # measured 3 to 4 times slower on processors
    )
    best = _make_best_epoch(parameters)
    fitted = model.fit(
        batches,
        epochs=parameters.epochs,
        shuffle=False,  # Keras would shuffle the batches once more
        validation_data=make_batches(validation, EVALUATION_BATCH, seed=None),
        class_weight=weigh_classes(images["label"]) if parameters.class_weights else None,
        callbacks=[best, *_make_stopping(parameters), *make_callbacks(parameters.batch_size)],
        verbose=0,  # the callbacks report
    )
    history = _tabulate(fitted.history, best.best_epoch)
    trained = _set_precision(untrained, "float32")
    trained.set_weights(model.get_weights())
    return Trained(trained, history)


def weigh_classes(labels: "np.ndarray[Any, np.dtype[np.int64]]") -> dict[int, float]:
    """Return a weight per class id, so that every class counts alike: ``N / (K * N_k)``.

    Source: ``class_weight="balanced"`` of scikit-learn, after King and Zeng, "Logistic
    Regression in Rare Events Data", 2001.
    """
    ids, counts = np.unique(labels, return_counts=True)
    weights = counts.sum() / (len(ids) * counts)
    return {int(number): float(weight) for number, weight in zip(ids, weights, strict=True)}


def _set_precision(model: KerasModel, precision: str) -> KerasModel:
    """Return a copy of `model` that computes in `precision`; its weights stay in float32."""
    keras = import_keras()

    def recast(layer: Any) -> Any:
        config = layer.get_config()
        if layer.name != "softmax" and not isinstance(layer, keras.layers.InputLayer):
            config["dtype"] = precision
        return type(layer).from_config(config)

    copy = keras.models.clone_model(model, clone_function=recast)
    copy.set_weights(model.get_weights())
    return copy


def _make_best_epoch(parameters: TrainParameters) -> Any:
    """Return what keeps the weights of the least validation loss; it never stops by itself."""
    return import_keras().callbacks.EarlyStopping(
        monitor="val_loss", patience=parameters.epochs, restore_best_weights=True
    )


def _make_stopping(parameters: TrainParameters) -> list[Any]:
    stopping = parameters.early_stopping
    if stopping is None:
        return []
    kind = import_keras().callbacks.EarlyStopping
    return [kind(monitor="val_loss", patience=stopping.patience, min_delta=stopping.min_delta)]


def _tabulate(history: dict[str, list[float]], best: int) -> DataFrame:
    import pandas as pd

    table = pd.DataFrame(history).rename(columns=lambda name: name.replace("val_", "validation_"))
    table.insert(0, "epoch", np.arange(1, len(table) + 1))
    table["best"] = table.index == best
    return table
