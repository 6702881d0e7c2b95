"""Train with ``ImageDataGenerator``: ``python with_keras_generator.py IDX EPOCHS SEED``."""

import sys

import keras
from digits import split_digits
from keras.src.legacy.preprocessing.image import ImageDataGenerator
from keras_network import BATCH, build_network, fit_network


def train(folder, epochs, seed):
    """Train, test and report."""
    keras.utils.set_random_seed(seed)
    sets = [(images[..., None] / 255.0, labels) for images, labels in split_digits(folder, seed)]
    (images, labels), validation, test = sets
    generator = ImageDataGenerator(
        rotation_range=10,
        shear_range=5,
        width_shift_range=0.07,
        height_shift_range=0.07,
        zoom_range=0.1,
        horizontal_flip=True,
    )
    batches = generator.flow(images, labels, batch_size=BATCH, seed=seed)
    network = build_network(images.shape[1])
    progress = fit_network(network, batches, validation, epochs)
    _, accuracy = network.evaluate(*test, batch_size=1000, verbose=0)
    progress.report([len(labels) for _, labels in sets], accuracy)


if __name__ == "__main__":
    train(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
