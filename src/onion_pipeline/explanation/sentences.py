"""What a layer does, in plain words that are true for its own settings and numbers."""

from collections.abc import Callable
from math import prod

from onion_pipeline.model.graph import LayerNode
from onion_pipeline.model.layers import Shape

SPATIAL = 3
ACTIVATIONS = {
    "relu": "Negative sums become zero (ReLU).",
    "leaky_relu": "Negative sums are kept, but made small (leaky ReLU).",
    "elu": "Negative sums bend towards −1 (ELU).",
    "selu": "Negative sums bend towards −1.76 (SELU).",
    "gelu": "Small and negative sums are damped (GELU).",
    "silu": "Small and negative sums are damped (SiLU).",
    "tanh": "Each sum is pressed between −1 and 1 (tanh).",
    "sigmoid": "Each sum is pressed between 0 and 1 (sigmoid).",
    "softmax": "The sums become shares that add up to 1, the largest by far the most (softmax).",
}


def describe_layer(node: LayerNode) -> str:
    """Return two to four sentences on what `node` does.

    A layer of another kind, or used in a way that no parameter file can ask for, is described by
    what arrives and what leaves.
    """
    return (SENTENCES if node.is_known else {}).get(node.kind, _describe_any)(node)


def name_shape(shape: Shape) -> str:
    """Return a shape as people say it: ``26×26×32``, or ``128 numbers``."""
    return "×".join(map(str, shape)) if len(shape) > 1 else _count(prod(shape), "number")


def _describe_input(node: LayerNode) -> str:
    height, width, channels = node.output_shape
    colours = {1: "one number for its brightness", 3: "three numbers, for red, green and blue"}
    held = colours.get(channels, f"{channels} numbers")
    return (
        f"The picture as the network gets it: {height} rows of {width} pixels, each {held}, "
        "from 0 to 255."
    )


def _describe_rescaling(node: LayerNode) -> str:
    scale, offset = node.settings["scale"], node.settings["offset"]
    if (scale, offset) == (1 / 255, 0):
        return "Divides every number by 255, so that 0 is the darkest and 1 the brightest."
    return f"Multiplies every number by {scale:.4g} and adds {offset:.4g}."


def _describe_conv2d(node: LayerNode) -> str:
    filters, (rows, columns) = node.settings["filters"], node.settings["kernel_size"]
    channels = node.input_shapes[0][2]
    return _join(
        f"Slides {_count(filters, 'small window')} of {rows}×{columns} weights over "
        f"{_name_field(node)}{_step(node.settings['strides'])}.",
        f"At each place a window multiplies the {rows * columns * channels} numbers below it by "
        f"its weights and adds them up{_bias(node)}, one number per place: how much that spot "
        "looks like what the window is after.",
        ACTIVATIONS.get(node.settings["activation"]),
        _padding(node, (rows, columns)),
    )


def _describe_separable(node: LayerNode) -> str:
    rows, columns = node.settings["kernel_size"]
    channels, filters = node.input_shapes[0][2], node.settings["filters"]
    depth = channels * node.settings["depth_multiplier"]
    return _join(
        f"Scans each of {_count(channels, 'channel')} on its own with {rows}×{columns} weights"
        f"{_step(node.settings['strides'])}, then mixes the {depth} results at each place into "
        f"{filters}{_bias(node)}: a convolution in two cheap steps.",
        ACTIVATIONS.get(node.settings["activation"]),
        _padding(node, (rows, columns)),
    )


def _describe_max_pooling(node: LayerNode) -> str:
    return _describe_pooling(node, "Keeps the largest of each", "the strongest answer stays")


def _describe_average_pooling(node: LayerNode) -> str:
    return _describe_pooling(node, "Takes the mean of each", "neighbours are smoothed into one")


def _describe_pooling(node: LayerNode, verb: str, effect: str) -> str:
    rows, columns = node.settings["pool_size"]
    before, after = node.input_shapes[0], node.output_shape
    lost = 1 - prod(after) / prod(before)
    return (
        f"{verb} {rows}×{columns} numbers, in each of {_count(before[2], 'channel')}: "
        f"{name_shape(before)} becomes {name_shape(after)}, {lost:.0%} less to carry on; {effect}, "
        "where exactly it was is forgotten. Nothing is learned here."
    )


def _describe_global_average(node: LayerNode) -> str:
    return _describe_global(node, "its mean")


def _describe_global_max(node: LayerNode) -> str:
    return _describe_global(node, "its largest number")


def _describe_global(node: LayerNode, kept: str) -> str:
    height, width, channels = node.input_shapes[0]
    return (
        f"Keeps one number of each {height}×{width} channel, {kept}: whether something was seen "
        f"stays, where it was does not. {channels} numbers are left."
    )


def _describe_flatten(node: LayerNode) -> str:
    return (
        f"Lines the {name_shape(node.input_shapes[0])} numbers up in one row of "
        f"{node.output_shape[0]}, pixel by pixel. No number changes."
    )


def _describe_dense(node: LayerNode) -> str:
    arriving, units = node.input_shapes[0][0], node.settings["units"]
    return _join(
        f"Each of {_count(units, 'unit')} weighs all {arriving} numbers that arrive and adds "
        f"them up{_bias(node)}: {arriving * units:,} weights.",
        ACTIVATIONS.get(node.settings["activation"]),
    )


def _describe_dropout(node: LayerNode) -> str:
    return _describe_dropping(node, _count(prod(node.output_shape), "number"))


def _describe_spatial_dropout(node: LayerNode) -> str:
    return _describe_dropping(node, f"{_count(node.output_shape[2], 'channel')}, each as a whole,")


def _describe_dropping(node: LayerNode, dropped: str) -> str:
    rate = node.settings["rate"]
    return (
        f"In training, sets {rate:.0%} of {dropped} to zero, other ones at each step, and "
        f"multiplies the rest by {1 / (1 - rate):.3g} to make up for it: the network cannot rely "
        "on any single one. Now that it has learned, everything passes."
    )


def _describe_batch_normalization(node: LayerNode) -> str:
    return (
        f"Brings each of {_count(node.output_shape[-1], 'channel')} to mean 0 and spread 1, as "
        "measured over the training pictures, then gives it the mean and spread that proved "
        "useful. Learning goes faster with numbers of like size."
    )


def _describe_layer_normalization(node: LayerNode) -> str:
    return (
        f"Brings the {node.output_shape[-1]} numbers at each place to mean 0 and spread 1, for "
        "this picture alone, then scales and shifts each channel as learned."
    )


def _describe_activation(node: LayerNode) -> str:
    sentence = ACTIVATIONS.get(node.settings["activation"], "Lets every number pass.")
    return sentence.replace("sums", "numbers").replace("sum ", "number ")


def _describe_add(node: LayerNode) -> str:
    return (
        f"Adds what arrives from {_name_inputs(node)}, number by number: what one branch has "
        "found is laid over what the other has kept."
    )


def _describe_concatenate(node: LayerNode) -> str:
    return f"Puts the channels of {_name_inputs(node)} side by side."


def _describe_any(node: LayerNode) -> str:
    before = " and ".join(map(name_shape, node.input_shapes)) or "nothing"
    weights = f", with {node.parameters:,} weights" if node.parameters else ""
    return f"Turns {before} into {name_shape(node.output_shape)}{weights}."


def _name_field(node: LayerNode) -> str:
    """Return what a window slides over."""
    height, width, channels = node.input_shapes[0]
    through = f", through all {channels} channels" if channels > 1 else ""
    return f"{height}×{width} places{through}"


def _name_inputs(node: LayerNode) -> str:
    return " and ".join(node.inputs)


def _step(strides: tuple[int, int]) -> str:
    if strides == (1, 1):
        return ", pixel by pixel"
    return f", in steps of {strides[0]}" if strides[0] == strides[1] else f", in steps of {strides}"


def _bias(node: LayerNode) -> str:
    return " with a bias of its own" if node.settings["use_bias"] else ""


def _padding(node: LayerNode, window: tuple[int, int]) -> str | None:
    if window == (1, 1):
        return None
    before, after = node.input_shapes[0][:2], node.output_shape[:2]
    if node.settings["padding"] == "same":
        return "Zeros around the border let it look there, too."
    return (
        f"It stops at the border, so that {name_shape(before)} places become {name_shape(after)}."
    )


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _join(*sentences: str | None) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


SENTENCES: dict[str, Callable[[LayerNode], str]] = {
    "input": _describe_input,
    "rescaling": _describe_rescaling,
    "conv2d": _describe_conv2d,
    "separable_conv2d": _describe_separable,
    "max_pooling2d": _describe_max_pooling,
    "average_pooling2d": _describe_average_pooling,
    "global_average_pooling2d": _describe_global_average,
    "global_max_pooling2d": _describe_global_max,
    "flatten": _describe_flatten,
    "dense": _describe_dense,
    "dropout": _describe_dropout,
    "spatial_dropout2d": _describe_spatial_dropout,
    "batch_normalization": _describe_batch_normalization,
    "layer_normalization": _describe_layer_normalization,
    "activation": _describe_activation,
    "add": _describe_add,
    "concatenate": _describe_concatenate,
}
