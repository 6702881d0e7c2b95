"""Train with preprocessing layers: ``python with_keras_layers.py FORM IDX EPOCHS SEED``.

FORM is ``data`` (the layers are mapped over batches by tf.data) or ``model`` (they are in it).
"""

import sys

import keras
import tensorflow as tf
from digits import split_digits
from keras_network import BATCH, build_network, fit_network

SHEAR = 0.0875  # of the side: the tangent of 5 degrees


def make_augmentation():
    """Return the layers; each interpolates once more."""
    black = {"fill_mode": "constant"}
    return keras.Sequential(
        [
            keras.layers.RandomFlip("horizontal"),
            keras.layers.RandomRotation(10 / 360, **black),
            keras.layers.RandomShear(SHEAR, SHEAR, **black),
            keras.layers.RandomTranslation(0.07, 0.07, **black),
            keras.layers.RandomZoom(0.1, 0.1, **black),
        ]
    )


def make_batches(images, labels, augmentation):
    """Return batches that are augmented, if `augmentation` is given, on all cores."""
    data = tf.data.Dataset.from_tensor_slices((images, labels))
    data = data.shuffle(len(images), reshuffle_each_iteration=True).batch(BATCH)
    if augmentation:
        data = data.map(
            lambda some, theirs: (augmentation(some, training=True), theirs), tf.data.AUTOTUNE
        )
    return data.prefetch(tf.data.AUTOTUNE)


def train(form, folder, epochs, seed):
    """Train, test and report."""
    keras.utils.set_random_seed(seed)
    sets = [(images[..., None], labels) for images, labels in split_digits(folder, seed)]
    (images, labels), validation, test = sets
    augmentation = make_augmentation()
    network = build_network(images.shape[1], scale=1 / 255)
    fitted = network
    if form == "model":
        fitted = keras.Sequential([keras.Input(images.shape[1:]), augmentation, network])
        fitted.compile(keras.optimizers.Adam(1e-3), network.loss, metrics=["accuracy"])
    batches = make_batches(images, labels, augmentation if form == "data" else None)
    progress = fit_network(fitted, batches, validation, epochs)
    _, accuracy = fitted.evaluate(*test, batch_size=1000, verbose=0)
    progress.report([len(labels) for _, labels in sets], accuracy)


if __name__ == "__main__":
    train(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
