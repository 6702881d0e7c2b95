"""A pretrained network as the beginning of a model, layer by layer."""

import logging
import re
from functools import partial
from typing import Any

from onion_pipeline.annotations import KerasModel
from onion_pipeline.model.backbones import applications, efficientnet_lite, weights
from onion_pipeline.model.backbones.networks import Network
from onion_pipeline.model.backend import import_keras
from onion_pipeline.storage.disk import show_bytes

logger = logging.getLogger(__name__)

PREFIX = "backbone"
BLOCK = re.compile(rf"{PREFIX}_([a-z0-9]+)_")


def find_block(layer: str) -> str | None:
    """Return the block of a backbone that the layer of this name is in; None if in none."""
    found = BLOCK.match(layer)
    return found[1] if found else None


def make_backbone(network: Network, given: str | None, image: Any, pixels: Any) -> KerasModel:
    """Return a pretrained network without its head, whose layers a model can make its own.

    So all of them can be looked at, frozen and trained one by one. They are called by
    :data:`PREFIX`, their block, and what they are in it.

    Args:
        network: of :data:`~onion_pipeline.model.backbones.networks.NETWORKS`.
        given: ``imagenet``, the path of a file of weights, or ``None`` for random ones.
        image: the symbolic tensor of the pictures.
        pixels: what has become of it, (N, H, W, 3), scaled as `network` says.

    Raises:
        WeightsError: the weights are missing, damaged or another network's.
    """
    if not network.package:
        return _copy_application(network, _load_application(network, given, image, pixels))
    leaving = efficientnet_lite.apply_blocks(network, pixels, PREFIX)
    backbone = import_keras().Model(image, leaving)
    if given == weights.IMAGENET:
        backbone.set_weights(weights.read_packaged_weights(network))
    elif given is not None:
        weights.load_weights_file(backbone, network, given)
    return backbone


def freeze_layers(model: KerasModel, trainable: set[str]) -> None:
    """Let no layer of a backbone be trained outside of the `trainable` blocks.

    Its batch normalisation is not trained anywhere: it goes on as it was when the network was
    pretrained, since a few small batches would spoil what it has learned (keras-team/keras#9214).
    """
    normalization = import_keras().layers.BatchNormalization
    for layer in model.layers:
        block = find_block(layer.name)
        if block and (block not in trainable or isinstance(layer, normalization)):
            layer.trainable = False


def _load_application(network: Network, given: str | None, image: Any, pixels: Any) -> KerasModel:
    chosen = given if given == weights.IMAGENET else None
    missing = weights.find_download(network, given)
    if missing:
        size = show_bytes(weights.estimate_download(network))
        logger.info("Keras downloads %s (some %s) to %s", missing.name, size, missing.parent)
    try:
        application = applications.make_application(network, chosen, pixels)
    except Exception as error:
        # Keras raises this class itself for whatever hinders a download, with the reason in it.
        if type(error) is Exception and "fetch failure" in str(error):
            raise weights.explain_download(network, error) from error
        raise
    application = import_keras().Model(image, application.outputs[0])
    if given not in (None, weights.IMAGENET):
        weights.load_weights_file(application, network, given)
    return application


def _copy_application(network: Network, application: KerasModel) -> KerasModel:
    """Return a copy whose layers have names that depend on nothing else."""
    names = applications.name_layers(application, PREFIX)
    rename = partial(applications.rename_layer, names)
    copied = import_keras().models.clone_model(application, clone_function=rename)
    copied.set_weights(application.get_weights())
    return copied
