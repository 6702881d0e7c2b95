"""What a layer does, in plain words that are true for its own settings and numbers."""

from math import prod
from typing import Any

from onion_pipeline.model.graph import LayerNode
from onion_pipeline.model.layers import Shape

ACTIVATIONS = {
    "relu": "Negative sums become zero (ReLU).",
    "leaky_relu": "Negative sums are kept, but made small (leaky ReLU).",
    "elu": "Negative sums bend towards −1 (ELU).",
    "selu": "Negative sums bend towards −1.76 (SELU).",
    "gelu": "Small and negative sums are damped (GELU).",
    "silu": "Small and negative sums are damped (SiLU).",
    "tanh": "Each sum is pressed between −1 and 1 (tanh).",
    "sigmoid": "Each sum is pressed between 0 and 1 (sigmoid).",
    "relu6": "Negative sums become zero, those above 6 become 6 (ReLU6).",
    "hard_silu": "Small and negative sums are damped, those below −3 to zero (hard SiLU).",
    "hard_sigmoid": "Each sum is pressed between 0 and 1, in a straight line from −3 to 3 "
    "(hard sigmoid).",
    "softmax": "The sums become shares that add up to 1: a sum that is larger than another by 1 "
    "gets 2.7 times its share (softmax).",
}
POOLING = (
    "{verb} {window} numbers, in {each_channel}: {before} becomes {after}{lost}; {effect}, where "
    "exactly it was is forgotten. Nothing is learned here."
)
THINNING = (
    "Looks at one number at a time{step}, and keeps it, in {each_channel}: {before} becomes "
    "{after}{lost}. Nothing is learned here."
)
GLOBAL_POOLING = (
    "Keeps one number of each {places} channel, {kept}: whether something was seen stays, where it "
    "was does not. {left} left."
)
DROPOUT = (
    "In training, sets {rate} of {dropped} to zero, other ones at each step, and multiplies the "
    "rest by {makeup} to make up for it: the network cannot rely on any single one. Now that it "
    "has learned, everything passes."
)
NO_DROPOUT = "Lets every number pass: the share that it would set to zero in training is 0."
SENTENCES = {
    "input": "The picture as the network gets it: {height} rows of {width} pixels, each {pixel}, "
    "from 0 to 255.",
    "rescaling": "{scaling}",
    "conv2d": "Slides {windows} of {window} weights over {places} places{through}{step}. At each "
    "place a window multiplies the {under} below it by its weights and adds up what comes "
    "of it{bias}, one number per place: how much that spot looks like what the window is "
    "after.{activation}{border}",
    "separable_conv2d": "Scans {each_channel} on its own with {window} weights{step}, then "
    "mixes the {mixed} results at each place into {last}{bias}: a convolution in two cheap "
    "steps.{activation}{border}",
    "max_pooling2d": POOLING.replace("{verb}", "Keeps the largest of each").replace(
        "{effect}", "the strongest answer stays"
    ),
    "average_pooling2d": POOLING.replace("{verb}", "Takes the mean of each").replace(
        "{effect}", "neighbours are smoothed into one"
    ),
    "global_average_pooling2d": GLOBAL_POOLING.replace("{kept}", "its mean"),
    "global_max_pooling2d": GLOBAL_POOLING.replace("{kept}", "its largest number"),
    "flatten": "Lines the {before} numbers up in one row of {last}, pixel by pixel. No number "
    "changes.",
    "dense": "{each_unit} weighs all {arriving} numbers that arrive and adds them up{bias}: "
    "{kernel}.{activation}",
    "dropout": DROPOUT.replace("{dropped}", "{numbers}"),
    "spatial_dropout2d": DROPOUT.replace("{dropped}", "{channels}, each as a whole,"),
    "batch_normalization": "Brings {each_channel} to mean 0 and spread 1, as measured over the "
    "training pictures, then gives it the mean and spread that proved useful. Learning goes faster "
    "with numbers of like size.",
    "layer_normalization": "Brings the {numbers_there} at each place to mean 0 and spread 1, for "
    "this picture alone, then scales and shifts each channel as learned.",
    "activation": "{alone}",
    "relu": "{cut}",
    "depthwise_conv2d": "Scans {each_channel} on its own with {window} weights{step}: each "
    "number is the sum of {count} products{bias}. The channels are not mixed.{activation}{border}",
    "zero_padding2d": "Puts zeros around the picture: {before} becomes {after}.",
    "multiply": "Multiplies what arrives from {inputs}, number by number: the one says how much "
    "of the other goes on.",
    "operation_add": "Adds {other}.",
    "operation_multiply": "Multiplies {other}.",
    "reshape": "Lays the same numbers out as {after}.",
    "layer_scale": "Multiplies {each_channel} by a number of its own, which was learned.",
    "resizing": "Makes a picture of {all_places} places one of {after_places}{between}.",
    "add": "Adds what arrives from {inputs}, number by number: what one branch has found is laid "
    "over what the other has kept.",
    "concatenate": "Puts the channels of {inputs} side by side.",
}
# Of layers that are used in a way that no parameter file can ask for.
OTHER_SENTENCES = {
    "conv2d": "Slides {windows} of {window} weights over {places} places{step}, through "
    "{under_group} of {channels} each: {groups} apart from each other. Each number is the sum of "
    "{grouped} products{bias}.{activation}{border}",
    "dense": "At each of {places} places, {units} weigh the {arriving} numbers there and add them "
    "up{bias}: {kernel}, the same everywhere.{activation}",
    "dropout": "In training, leaves this branch out for {rate} of the pictures, other ones at "
    "each step, so that no branch is relied upon. Now that it has learned, everything passes.",
}
SMALLEST_LOSS = 0.005  # which is 1 % in a sentence
UNKNOWN = "Turns {all_before} into {after}{weights}."


def describe_layer(node: LayerNode) -> str:
    """Return in plain words what `node` does.

    A layer of another kind, or used in a way that no parameter file can ask for, is described by
    what arrives and what leaves.
    """
    sentence = _choose_sentence(node) if node.is_known else UNKNOWN
    before = node.input_shapes[0] if node.input_shapes else node.output_shape
    return sentence.format(**_tell_shapes(node, before), **_tell_settings(node, before))


def _choose_sentence(node: LayerNode) -> str:
    settings = node.settings
    is_other = (
        settings.get("groups", 1) > 1
        or settings.get("noise_shape") is not None
        or (node.kind == "dense" and len(node.output_shape) > 1)
    )
    if is_other:
        return OTHER_SENTENCES.get(node.kind, UNKNOWN)
    if settings.get("pool_size") == (1, 1):
        return THINNING
    if settings.get("rate") == 0:
        return NO_DROPOUT
    if node.kind == "flatten" and len(node.input_shapes[0]) == 1:
        return "The {last} numbers stand in one row already: nothing changes."
    return SENTENCES.get(node.kind, UNKNOWN)


def name_shape(shape: Shape) -> str:
    """Return a shape as people say it: ``26×26×32``, or ``128 numbers``."""
    return "×".join(map(str, shape)) if len(shape) > 1 else _count(prod(shape), "number")


def _tell_shapes(node: LayerNode, before: Shape) -> dict[str, Any]:
    after, channels = node.output_shape, before[-1]
    colours = {1: "one number for its brightness", 3: "three numbers, for red, green and blue"}
    return {
        "height": after[0],
        "width": after[-2:][0],
        "pixel": colours.get(channels, f"{channels} numbers"),
        "before": name_shape(before),
        "after": name_shape(after),
        "all_before": " and ".join(map(name_shape, node.input_shapes)) or "nothing",
        "lost": _tell_loss(1 - prod(after) / prod(before)),
        "places": name_shape(before[:-1]) if len(before) > 1 else "1",
        "all_places": name_shape(before[:2]),
        "after_places": name_shape(after[:2]),
        "through": f", through all {channels} channels" if channels > 1 else "",
        "channels": _count(channels, "channel"),
        "each_channel": f"each of {channels:,} channels" if channels > 1 else "its one channel",
        "numbers": _count(prod(after), "number"),
        "arriving": channels,
        "numbers_there": _count(channels, "number"),
        "last": after[-1],
        "left": f"{_count(after[-1], 'number')} {'is' if after[-1] == 1 else 'are'}",
        "inputs": " and ".join(node.inputs),
        "weights": f", with {node.parameters:,} weights" if node.parameters else "",
    }


def _tell_settings(node: LayerNode, before: Shape) -> dict[str, Any]:
    settings, channels, units = node.settings, before[-1], node.output_shape[-1]
    window = settings.get("kernel_size") or settings.get("pool_size") or (1, 1)
    rate = settings.get("rate", 0)
    sentence = ACTIVATIONS.get(settings.get("activation", ""), "")
    return {
        "window": "{}×{}".format(*window),
        "windows": _count(units, "small window"),
        "under": _count(prod(window) * channels, "number"),
        "count": prod(window),
        **_tell_groups(settings, prod(window), channels),
        "cut": _tell_cut(settings),
        "other": _tell_operand(node),
        "between": ", in between by straight lines"
        if settings.get("interpolation") == "bilinear"
        else "",
        "mixed": channels * settings.get("depth_multiplier", 1),
        "units": _count(units, "unit"),
        "each_unit": f"Each of {units:,} units" if units > 1 else "One unit",
        "kernel": _count(channels * units, "weight"),
        "step": _tell_step(settings.get("strides") or (1, 1)),
        "bias": " with a bias of its own" if settings.get("use_bias") else "",
        "activation": f" {sentence}" if sentence else "",
        "alone": sentence.replace("sums", "numbers").replace("sum ", "number ")
        or "Lets every number pass.",
        "border": _tell_border(node, before, window) if window != (1, 1) else "",
        "rate": f"{100 * rate:.12g}%",
        "makeup": f"{1 / (1 - rate):,.2f}".removesuffix(".00"),
        "scaling": _tell_scaling(settings.get("scale", 1), settings.get("offset", 0)),
    }


def _tell_scaling(scale: Any, offset: Any) -> str:
    if (scale, offset) == (1 / 255, 0):
        return "Divides every number by 255, so that 0 is the darkest and 1 the brightest."
    scales, offsets = (
        each if isinstance(each, list | tuple) else [each] for each in (scale, offset)
    )
    if len(scales) == len(offsets) == 1:
        return f"Multiplies every number by {scales[0]:.4g} and adds {offsets[0]:.4g}."
    factors, terms = (
        ", ".join(f"{number:.4g}" for number in numbers).replace("-", "−")
        for numbers in (scales, offsets)
    )
    return (
        f"Multiplies each channel by a number of its own ({factors}) and adds another ({terms}): "
        "as it was done with the pictures that the next layers were trained on."
    )


def _tell_cut(settings: dict[str, Any]) -> str:
    """Return what a ReLU with these settings does."""
    least, slope, most = (settings.get(n) for n in ("threshold", "negative_slope", "max_value"))
    below = f"Numbers below {least:g}" if least else "Negative numbers"
    told = f"{below} {f'are multiplied by {slope:g}' if slope else 'become zero'}"
    above = "" if most is None else f", those above {most:g} become {most:g}"
    return f"{told}{above} ({'ReLU' if most is None else f'ReLU{most:g}'})."


def _tell_operand(node: LayerNode) -> str:
    if "constant" in node.settings:
        constant = f"{node.settings['constant']:.4g}"
        is_sum = node.kind == "operation_add"
        return f"{constant} to every number" if is_sum else f"every number by {constant}"
    return f"what arrives from {' and '.join(node.inputs)}, number by number"


def _tell_groups(settings: dict[str, Any], window: int, channels: int) -> dict[str, Any]:
    groups = settings.get("groups", 1)
    part = channels // groups
    return {"groups": _count(groups, "group"), "under_group": part, "grouped": window * part}


def _tell_step(strides: tuple[int, int]) -> str:
    if strides == (1, 1):
        return ", pixel by pixel"
    down, across = strides
    return (
        f", in steps of {down}"
        if down == across
        else f", in steps of {down} down and {across} across"
    )


def _tell_loss(share: float) -> str:
    return f", {share:.0%} less to carry on" if share >= SMALLEST_LOSS else ""


def _tell_border(node: LayerNode, before: Shape, window: tuple[int, int]) -> str:
    settings, after = node.settings, node.output_shape[:2]
    steps = settings.get("strides") or window  # of pooling
    places, left = name_shape(before[:2]), name_shape(after)
    # What the windows cover from the first place of the first to the last one of the last.
    covered = [
        (count - 1) * step + side for count, step, side in zip(after, steps, window, strict=True)
    ]
    if settings.get("padding") == "same":
        is_padded = any(reach > side for reach, side in zip(covered, before, strict=False))
        return " Zeros around the border let it look there, too." if is_padded else ""
    if max(steps) == 1:
        return f" It stops at the border, so that {places} places become {left}."
    missed = [side - reach for reach, side in zip(covered, before, strict=False)]
    unseen = [
        name if count == 1 else f"{count} {name}s"
        for count, name in zip(missed, ("row", "column"), strict=True)
        if count
    ]
    is_left = "is" if sum(missed) == 1 else "are"
    rest = f"; the last {' and '.join(unseen)} {is_left} left out" if unseen else ""
    return f" {places} places become {left}{rest}."


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
