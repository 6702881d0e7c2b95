"""Keras' own guide: ``python with_keras.py RATE SIDE PICTURES EPOCHS SEED``.

Source: https://keras.io/guides/transfer_learning/, "An end-to-end example": train the top of a
frozen network, unfreeze it, fine-tune it at a low rate, with batch normalisation in inference mode.
"""

import sys
from pathlib import Path

import tensorflow as tf
from folders import Stopwatch, hold_out, report
from keras_base import keras, make_base, read_photographs

BATCH = 32
TOP_EPOCHS, TOP_RATE = 2, 1e-3  # of the guide, which takes the defaults of Adam
DROPOUT = 0.2


def build_network(base, side, classes):
    """Return the network around the pretrained one, as in the guide."""
    inputs = keras.Input((side, side, 3))
    # In inference mode, also when it is unfrozen: batch normalisation keeps its statistics.
    features = base(inputs, training=False)
    pooled = keras.layers.GlobalAveragePooling2D()(features)
    outputs = keras.layers.Dense(classes)(keras.layers.Dropout(DROPOUT)(pooled))
    return keras.Model(inputs, outputs)


def make_batches(images, labels, augmented):
    """Return batches of pictures in memory; `augmented` ones are shuffled, flipped and turned."""
    batches = tf.data.Dataset.from_tensor_slices((images, labels))
    if not augmented:
        return batches.batch(BATCH).prefetch(tf.data.AUTOTUNE)
    layers = [keras.layers.RandomFlip("horizontal"), keras.layers.RandomRotation(0.1)]

    def augment(some, theirs):
        some = tf.cast(some, tf.float32)
        for layer in layers:
            some = layer(some, training=True)
        return some, theirs

    shuffled = batches.shuffle(len(labels)).batch(BATCH)
    return shuffled.map(augment, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def fit_network(network, batches, validation, epochs, rate):
    """Train, and keep the weights of the epoch with the lowest validation loss."""
    network.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    best = keras.callbacks.EarlyStopping(patience=epochs, restore_best_weights=True)
    network.fit(batches, epochs=epochs, validation_data=validation, callbacks=[best], verbose=0)


def train(rate, side, folder, epochs, seed):
    """Train, test and report."""
    keras.utils.set_random_seed(seed)
    images, labels = read_photographs(Path(folder) / "train", side)
    test = read_photographs(Path(folder) / "test", side)
    watch = Stopwatch()
    kept, held = hold_out(labels, seed)
    batches = make_batches(images[kept], labels[kept], augmented=True)
    validation = make_batches(images[held], labels[held], augmented=False)
    base = make_base()
    network = build_network(base, side, int(labels.max()) + 1)
    fit_network(network, batches, validation, TOP_EPOCHS, TOP_RATE)
    base.trainable = True
    fit_network(network, batches, validation, epochs, rate)
    took = watch.stop()
    _, accuracy = network.evaluate(make_batches(*test, augmented=False), verbose=0)
    report([len(kept), len(held), len(test[1])], took, accuracy)


if __name__ == "__main__":
    rate, side, folder, epochs, seed = sys.argv[1:]
    train(float(rate), int(side), folder, int(epochs), int(seed))
