"""Networks of ``keras.applications``, with names that do not depend on what was built before."""

import logging
import re
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

from onion_pipeline.annotations import KerasModel
from onion_pipeline.model.backbones.networks import Network
from onion_pipeline.model.backend import import_keras

CLASSES = {
    "mobilenet_v3_small": "MobileNetV3Small",
    "mobilenet_v3_large": "MobileNetV3Large",
    "efficientnet_v2_b0": "EfficientNetV2B0",
    "efficientnet_v2_b3": "EfficientNetV2B3",
    "efficientnet_v2_s": "EfficientNetV2S",
    "convnext_tiny": "ConvNeXtTiny",
    "resnet50_v2": "ResNet50V2",
}
# In which block a layer is, by how Keras calls it; one that says nothing is in that before it.
BLOCKS = (
    (r"expanded_conv_(\d+)_", r"block\1"),
    (r"expanded_conv_", "block0"),
    (r"(?:stem|conv1|pool1)_|conv$|conv_bn$|convnext_tiny_stem", "stem"),
    (r"(block\d[a-z])_", r"\1"),
    (r"convnext_tiny_stage_(\d)_block_(\d)_", r"stage\1block\2"),
    # Each stage but the first begins with a smaller picture.
    (r"convnext_tiny_downsampling_block_0", "stage1block0"),
    (r"convnext_tiny_downsampling_block_1", "stage2block0"),
    (r"convnext_tiny_downsampling_block_2", "stage3block0"),
    (r"conv(\d)_block(\d)_", r"conv\1block\2"),
    (r"top_|post_|conv_1|layer_normalization", "top"),
)


def make_application(network: Network, weights: str | None, pixels: Any) -> KerasModel:
    """Return a network as ``keras.applications`` makes it, without scaling and without its head.

    Args:
        network: one of :data:`CLASSES`.
        weights: ``imagenet`` are looked for in ``KERAS_HOME``, and downloaded if they are not
            there, each time with their checksum; ``None`` are random ones.
        pixels: the symbolic tensor that it continues; how a layer pads depends on its sides.
    """
    kind = getattr(import_keras().applications, CLASSES[network.name])
    # ResNet has its scaling apart from the network.
    scaling = {} if network.name.startswith("resnet") else {"include_preprocessing": False}
    shape = pixels.shape[1:]
    with _quiet_download(), warnings.catch_warnings():
        # That weights were trained on other pictures is what a backbone is about.
        warnings.filterwarnings("ignore", message="`input_shape` is undefined or non-square")
        return kind(
            include_top=False, weights=weights, input_shape=shape, input_tensor=pixels, **scaling
        )


@contextmanager
def _quiet_download() -> Iterator[None]:
    """Let Keras draw its bar on a terminal alone: elsewhere it has a line for every 50 ms."""
    config, logger = import_keras().config, logging.getLogger("absl")
    if sys.stdout.isatty() or not config.is_interactive_logging_enabled():
        yield
        return
    config.disable_interactive_logging()  # what was printed is logged then
    logger.addFilter(_is_no_progress)
    try:
        yield
    finally:
        logger.removeFilter(_is_no_progress)
        config.enable_interactive_logging()


def _is_no_progress(record: logging.LogRecord) -> bool:
    return record.levelno > logging.INFO


def name_layers(application: KerasModel, prefix: str) -> dict[str, str]:
    """Return the names that its layers shall have, by those that they have.

    The latter depend on what else was built in the process. The former consist of `prefix`, the
    block, the kind and the number among those of this kind in the block. What comes before the
    first block keeps its name.
    """
    names, block = {}, ""
    numbers: dict[str, Any] = defaultdict(lambda: count(1))
    for layer in application.operations:  # layers, and sums and products between them
        for pattern, name in BLOCKS:
            if found := re.match(pattern, layer.name):
                block = found.expand(name)
                break
        if block:
            stem = f"{prefix}_{block}_{type(layer).__name__.lower()}"
            names[layer.name] = f"{stem}_{next(numbers[stem])}"
    return names


def rename_layer(names: Mapping[str, str], layer: Any) -> Any:
    """Return a copy of a layer, with random weights, called as `names` says."""
    config = layer.get_config()
    return type(layer).from_config(config | {"name": names.get(layer.name, layer.name)})
