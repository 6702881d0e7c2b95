"""The phases of a training that begins with a pretrained network: linear probe, then fine-tuning.

First only the head learns, on features that are computed once. Fine-tuning starts from there, so
that no error of a random head runs through layers that know better already.

Source: Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform
Out-of-Distribution", ICLR 2022.
"""

import logging
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from onion_pipeline.annotations import KerasModel, Phase
from onion_pipeline.errors import ConfigurationError
from onion_pipeline.evaluation.predictions import predict_probabilities
from onion_pipeline.evaluation.significance import is_clearly_better
from onion_pipeline.images.arrays import LabelledImages
from onion_pipeline.model.backend import allow_retracing
from onion_pipeline.model.composites import Backbone
from onion_pipeline.model.copying import copy_network, copy_weights
from onion_pipeline.model.graph import find_convolution
from onion_pipeline.parameters import TrainParameters
from onion_pipeline.training.batches import ImageRows
from onion_pipeline.training.features import split_network
from onion_pipeline.training.fit import Trained, train_model

logger = logging.getLogger(__name__)

PROBE: Phase = "probe"
FINE_TUNING: Phase = "fine_tuning"


def choose_phases(backbone: Backbone | None, wanted: Sequence[Phase] | None) -> list[Phase]:
    """Return the phases in which a network is trained; none if it begins with no backbone.

    Args:
        backbone: with which the list of layers begins.
        wanted: ``train.phases``; ``None`` are all that the network can have.

    Raises:
        ConfigurationError: phases are asked for that the network cannot have.
    """
    if backbone is None:
        if wanted is not None:
            raise ConfigurationError(
                f"train.phases is {[*wanted]}, and the network has no backbone; set it to null, or "
                "begin build.layers with a backbone."
            )
        return []
    learns = backbone.trainable != "none"
    asked = [] if wanted is None else [*wanted]
    if FINE_TUNING in asked and not learns:
        raise ConfigurationError(
            f"train.phases is {asked}, and backbone.trainable is none; set that to all or top, "
            "or train.phases to [probe]."
        )
    possible = [PROBE, FINE_TUNING] if learns else [PROBE]
    return asked or possible


def train_phases(  # noqa: PLR0913
    untrained: KerasModel,
    images: ImageRows,
    validation: ImageRows,
    parameters: TrainParameters,
    seed: int,
    *,
    chosen: Sequence[Phase],
    features: LabelledImages,
    checkpoints: Path | None = None,
) -> Trained:
    """Train a copy of `untrained` in one go, or in phases if it begins with a backbone.

    Args:
        untrained: as for :func:`~onion_pipeline.training.fit.train_model`, like the next four.
        images: for training.
        validation: images that choose among weight decays and epochs.
        parameters: how to train.
        seed: of the order of the images and of Dropout.
        chosen: from :func:`choose_phases`.
        features: of `images`, or of fewer variants of them, and then of `validation`, from
            :func:`~onion_pipeline.training.features.compute_features`; not read without a probe.
        checkpoints: their folder, or ``None``; those of the probe are in a folder in it.

    Returns:
        The history has the phase of each epoch in the column ``phase``, if there are phases.

    Raises:
        TrainingDivergedError: the loss or a weight is not finite; names phase, epoch and step.
    """
    probe = None
    if PROBE in chosen:
        folder = checkpoints / PROBE if checkpoints else None
        count = len(features) - len(validation)
        parts = features[:count], features[count:]
        probe = fit_probe(untrained, *parts, parameters, seed, checkpoints=folder)
    if probe and FINE_TUNING not in chosen:
        return probe
    tuned = train_model(
        probe.model if probe else untrained,
        images,
        validation,
        parameters,
        seed,
        checkpoints=checkpoints,
        keep_start=probe is not None,
        phase=FINE_TUNING if chosen else None,
    )
    if not chosen:
        return tuned
    tuned = tuned._replace(history=tuned.history.assign(phase=FINE_TUNING))
    if not probe:
        return tuned
    if is_better := bool(tuned.history["best"].any()):
        _, head = split_network(probe.model)
        before = predict_probabilities(head, features["image"][-len(validation) :])
        after = predict_probabilities(tuned.model, validation["image"])
        # The best of some epochs suits few images a little better by chance.
        is_better = is_clearly_better(validation["label"], before, after)
    return join_phases(probe, tuned, is_better)


def fit_probe(  # noqa: PLR0913
    model: KerasModel,
    features: ImageRows,
    validation: ImageRows,
    parameters: TrainParameters,
    seed: int,
    *,
    checkpoints: Path | None = None,
) -> Trained:
    """Train the head of a copy of `model`, which begins with a backbone, on features.

    The other arguments and what is returned are those of :func:`fit_head`.
    """
    _, head = split_network(model)
    best = fit_head(head, features, validation, parameters, seed, checkpoints=checkpoints)
    probed = copy_network(model)
    copy_weights(best.model, probed)
    name = find_convolution(model)  # which learns nothing here
    kernel = model.get_layer(name).kernel.numpy() if name else np.zeros((0, 0, 0, 0), np.float32)
    kernels = np.stack([kernel] * (1 + len(best.history)))
    return Trained(probed, best.history.assign(phase=PROBE), kernels)


def fit_head(  # noqa: PLR0913
    head: KerasModel,
    features: ImageRows,
    validation: ImageRows,
    parameters: TrainParameters,
    seed: int,
    *,
    checkpoints: Path | None = None,
) -> Trained:
    """Train a copy of `head` on features, with the weight decay that suits it best.

    Args:
        head: from :func:`~onion_pipeline.training.features.split_network`; left as it is.
        features: labelled features for training.
        validation: labelled features that choose among the weight decays, and the epochs of each.
        parameters: how to train; of those of images, the weights of the classes hold here, too.
        seed: of the order of the features and of Dropout.
        checkpoints: as in :func:`~onion_pipeline.training.fit.train_model`.
    """
    trained: list[Trained] = []
    start, decays = time.perf_counter(), parameters.probe.weight_decays
    names = [f"weight-decay-{decay:g}" for decay in decays]
    for number, (decay, name) in enumerate(zip(decays, names, strict=True), start=1):
        folder = checkpoints / name if checkpoints else None
        chosen = _choose_parameters(parameters, decay)
        with allow_retracing():
            trained.append(
                train_model(
                    head, features, validation, chosen, seed, checkpoints=folder, phase=PROBE
                )
            )
        row = _find_best(trained[-1])
        logger.info(
            "probe with weight decay %g: validation loss %.4f, accuracy %.4f in epoch %d"
            "  some %.0f s left",
            *(decay, row["validation_loss"], row["validation_accuracy"], row["epoch"]),
            (time.perf_counter() - start) / number * (len(decays) - number),
        )
    for other in checkpoints.glob("weight-decay-*") if checkpoints else ():
        if other.name not in names:
            shutil.rmtree(other, ignore_errors=True)  # one that is left does no harm
    return min(trained, key=lambda each: _find_best(each)["validation_loss"])


def join_phases(probe: Trained, tuned: Trained, is_better: bool) -> Trained:
    """Return what fine-tuning gave if it is better, with the epochs of the probe before its own."""
    import pandas as pd

    earlier, later = probe.history, tuned.history.copy()
    later["epoch"] += len(earlier)
    if is_better:
        earlier = earlier.assign(best=False)
    else:
        logger.info(
            "No epoch of fine-tuning suits the validation images clearly better than the probe: "
            "it stays."
        )
        later["best"] = False
    history = pd.concat([earlier, later], ignore_index=True)
    kernels = np.concatenate([probe.kernels, tuned.kernels[1:]])
    return Trained(tuned.model if is_better else probe.model, history, kernels)


def _find_best(trained: Trained) -> Any:
    """Return the row of the history of which the weights are."""
    return trained.history[trained.history["best"]].iloc[0]


def _choose_parameters(parameters: TrainParameters, decay: float) -> TrainParameters:
    """Return how the head is trained: plainly, since its features are what they are."""
    probe = parameters.probe
    return TrainParameters(
        epochs=probe.epochs,
        variants_per_epoch=None,
        batch_size=probe.batch_size,
        optimizer="adamw",
        learning_rate=probe.learning_rate,
        schedule="cosine",
        warmup_epochs=0,
        weight_decay=decay,
        early_stopping=None,
        class_weights=parameters.class_weights,
        precision="float32",
    )
