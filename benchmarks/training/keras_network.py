"""The network in Keras, and what both Keras contestants do with it."""

import keras
from progress import Progress

BATCH = 128
CLASSES = 10


def build_network(side, scale=None):
    """Return the network, compiled; `scale` is what it first multiplies pixels by."""
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((side, side, 1)),
            *([layers.Rescaling(scale)] if scale else []),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.4),
            layers.Dense(CLASSES),
        ]
    )
    network.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return network


def fit_network(network, batches, validation, epochs):
    """Train on `batches`, validate after each epoch and return what was noted."""
    progress = Progress()
    note = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda _, logs: progress.end_epoch(logs["val_accuracy"])
    )
    network.fit(batches, epochs=epochs, validation_data=validation, callbacks=[note], verbose=0)
    return progress
