"""Logistic regression on frozen features: ``python with_sklearn.py SIDE PICTURES EPOCHS SEED``."""

import os
import sys
from pathlib import Path

from folders import Stopwatch, report
from keras_base import keras, make_base, read_photographs
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDS = 5
STRENGTHS = [0.0001, 0.001, 0.01, 0.1, 1.0]  # C: the smaller, the smaller the weights


def compute_features(images):
    """Return what the pretrained network makes of pictures, averaged over their area."""
    inputs = keras.Input(images.shape[1:])
    features = make_base()(inputs, training=False)
    network = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(features))
    return network.predict(images, batch_size=32, verbose=0)


def fit_regression(features, labels, seed):
    """Return a logistic regression whose strength was chosen by cross-validation."""
    regression = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    search = GridSearchCV(
        regression,
        {"logisticregression__C": STRENGTHS},
        cv=StratifiedKFold(FOLDS, shuffle=True, random_state=seed),
        scoring="neg_log_loss",
        n_jobs=len(os.sched_getaffinity(0)),
    )
    return search.fit(features, labels)


def train(side, folder, seed):
    """Train, test and report; cross-validation holds out each picture in turn."""
    images, labels = read_photographs(Path(folder) / "train", side)
    test_images, test_labels = read_photographs(Path(folder) / "test", side)
    watch = Stopwatch()
    regression = fit_regression(compute_features(images), labels, seed)
    took = watch.stop()
    right = regression.predict(compute_features(test_images)) == test_labels
    report([len(labels), 0, len(test_labels)], took, right.mean())


if __name__ == "__main__":
    side, folder, _, seed = sys.argv[1:]
    train(int(side), folder, int(seed))
