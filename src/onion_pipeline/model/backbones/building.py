"""A pretrained network as the beginning of a model, layer by layer."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from onion_pipeline.annotations import KerasModel
from onion_pipeline.model.backbones import applications, efficientnet_lite, weights
from onion_pipeline.model.backbones.networks import Network
from onion_pipeline.model.backend import import_keras

PREFIX = "backbone"
BLOCK = re.compile(rf"{PREFIX}_([a-z0-9]+)_")


def find_block(layer: str) -> str | None:
    """Return the block of a backbone that the layer of this name is in; None if in none."""
    found = BLOCK.match(layer)
    return found[1] if found else None


def make_backbone(network: Network, given: str | None) -> KerasModel:
    """Return a pretrained network, from scaled pixels of any size to what leaves it.

    Args:
        network: of :data:`~onion_pipeline.model.backbones.networks.NETWORKS`.
        given: ``imagenet``, the path of a file of weights, or ``None`` for random ones.

    Raises:
        WeightsError: the weights are missing, damaged or another network's.
    """
    if not network.package:
        backbone = _make_application(network, given)
    else:
        pixels = import_keras().Input((None, None, 3))
        leaving = efficientnet_lite.apply_blocks(network, pixels, PREFIX)
        backbone = import_keras().Model(pixels, leaving)
        if given == weights.IMAGENET:
            backbone.set_weights(weights.read_packaged_weights(network))
    if given not in (None, weights.IMAGENET):
        weights.read_weights_file(backbone, network, Path(given))
    return backbone


def continue_backbone(
    backbone: KerasModel, network: Network, image: Any, pixels: Any, add_head: Callable[[Any], Any]
) -> KerasModel:
    """Return a model that begins with a backbone, whose layers are among its own.

    So all of them can be looked at, frozen and trained one by one. They are called by
    :data:`PREFIX`, their block, and what they are in it.

    Args:
        backbone: of :func:`make_backbone`; its weights are copied.
        network: which one it is.
        image: the symbolic tensor of the pictures.
        pixels: what has become of it, (N, H, W, 3), scaled as `network` says.
        add_head: applies the layers that follow to what leaves the backbone.
    """
    keras = import_keras()
    if network.package:
        tensor = efficientnet_lite.apply_blocks(network, pixels, PREFIX)
        names: dict[str, str] = {}
    else:
        again = applications.make_application(network, None, pixels)
        tensor, names = again.outputs[0], applications.name_layers(again, PREFIX)
    model = keras.Model(image, add_head(tensor), name="onion")
    if names:
        rename = partial(applications.rename_layer, names)
        model = keras.models.clone_model(model, clone_function=rename)
    theirs = [layer for layer in backbone.layers if layer.weights]
    ours = [layer for layer in model.layers if find_block(layer.name) and layer.weights]
    for layer, other in zip(ours, theirs, strict=True):
        layer.set_weights(other.get_weights())
    return model


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


def _make_application(network: Network, given: str | None) -> KerasModel:
    chosen = weights.IMAGENET if given == weights.IMAGENET else None
    try:
        return applications.make_application(network, chosen)
    except Exception as error:
        # Keras raises this class itself for whatever hinders a download, with the reason in it.
        if type(error) is Exception and "fetch failure" in str(error):
            raise weights.explain_download(network, error) from error
        raise
