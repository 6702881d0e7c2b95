"""A small trained network of all kinds of layers, described as the page wants it."""

import re

import numpy as np

CLASSES = ["ant", "bee", "cat", "dog", "eel", "<b>fox</b>"]
SHAPE = (20, 17, 3)
NAMES = {f"{word}2_d": f"{word}2d" for word in ("conv", "pooling", "dropout", "sampling")}
SETTINGS = (
    "kernel_size", "pool_size", "strides", "padding", "activation", "rate", "epsilon", "scale",
    "offset", "axis", "filters", "units", "depth_multiplier",
)  # fmt: skip
GIVEN = ("reshape", "up_sampling2d")  # kinds that the page does not compute


def draw_pictures(count: int = 60):
    """Stripes and spots, another pattern for each class."""
    generator = np.random.default_rng(0)
    labels = np.arange(count) % len(CLASSES)
    pictures = generator.integers(0, 90, (count, *SHAPE), dtype=np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        picture[label::6, :, label % 3] += 150
        picture[:, label * 2 : label * 2 + 4] += 15
    return pictures, labels


def train_network(keras):
    """Branches, strides, both paddings, all activations; one epoch moves all weights.

    What tests ask for is named: Keras numbers others by what was built before in its process.
    """
    layers = keras.layers
    keras.utils.set_random_seed(0)
    image = keras.Input(SHAPE, dtype="uint8", name="image")
    x = layers.Rescaling(1 / 255, name="scaling")(image)
    x = layers.Conv2D(10, (5, 3), strides=2, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = kept = layers.Activation("gelu")(x)
    x = layers.SeparableConv2D(
        10, 3, padding="same", depth_multiplier=2, activation="silu", bias_initializer="normal"
    )(x)
    x = layers.Add()([kept, x])
    gate = layers.GlobalAveragePooling2D()(x)
    gate = layers.Dense(10, activation="sigmoid", name="gate")(gate)
    gate = layers.Reshape((1, 1, 10))(gate)
    x = layers.Multiply(name="gated")([x, gate])
    branches = [
        layers.MaxPooling2D(3, 2, padding="same")(x),
        layers.AveragePooling2D(3, 2, padding="same")(x),
        layers.Conv2D(8, 1, strides=2, activation="elu", bias_initializer="normal")(x),
    ]
    x = layers.Concatenate()(branches)
    x = layers.LayerNormalization()(x)
    x = layers.SpatialDropout2D(0.3)(x)
    x = layers.UpSampling2D(2)(x)
    x = layers.Conv2D(12, 3, activation="relu", bias_initializer="normal", name="maps")(x)
    x = layers.MaxPooling2D()(x)
    rows = [
        layers.GlobalMaxPooling2D()(x),
        layers.Activation("leaky_relu")(layers.GlobalAveragePooling2D()(x)),
        layers.Activation("tanh")(layers.Flatten()(x)),
    ]
    x = layers.Concatenate()(rows)
    x = layers.Dense(24, activation="selu", bias_initializer="normal", name="units")(x)
    x = layers.Dropout(0.4)(x)
    x = layers.Dense(len(CLASSES))(x)
    answer = layers.Activation("softmax", name="answer")(x)
    model = keras.Model(image, answer, name="onion")
    # The few steps take less time than compiling them would.
    model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=True)
    model.fit(*draw_pictures(), epochs=2, batch_size=20, verbose=0)
    return model


def read_outputs(keras, model, pictures):
    """What Keras says leaves each layer, by name."""
    names = [layer.name for layer in model.layers]
    part = keras.Model(model.input, [layer.output for layer in model.layers])
    outputs = part(pictures)
    return {name: np.float32(output) for name, output in zip(names, outputs, strict=True)}


def describe_model(model, outputs, pictures, labels):
    """The report of `model` and its arrays."""
    tensors = []

    def keep(array) -> int:
        tensors.append(np.ascontiguousarray(array))
        return len(tensors) - 1

    probabilities = outputs[model.layers[-1].name]
    report = {
        "format": 1,
        "title": model.name,
        "class_names": CLASSES,
        "model": {
            "image_shape": list(pictures.shape[1:]),
            "parameters": model.count_params(),
            "multiply_adds": 12345,
        },
        "layers": [describe_layer(layer, outputs[layer.name], keep) for layer in model.layers],
        "pictures": [
            {
                "label": CLASSES[label],
                "predicted": CLASSES[int(row.argmax())],
                "probabilities": row.tolist(),
                "path": f"{number}.png",
                "pixels": keep(picture),
            }
            for number, (picture, label, row) in enumerate(
                zip(pictures, labels, probabilities, strict=True)
            )
        ],
    }
    return report, tensors


def describe_layer(layer, outputs, keep):
    """One entry of `layers` of the report."""
    kind, config = name_kind(layer), layer.get_config()
    node = layer._inbound_nodes[0]
    is_given = kind in GIVEN
    weights = {} if is_given else {each.name: keep(each.numpy()) for each in layer.weights}
    return {
        "name": layer.name,
        "kind": kind,
        "inputs": [parent.operation.name for parent in node.parent_nodes],
        "input_shapes": [list(tensor.shape[1:]) for tensor in node.input_tensors],
        "output_shape": list(layer.output.shape[1:]),
        "parameters": layer.count_params(),
        "multiply_adds": None if is_given else 1,
        "settings": {name: config[name] for name in SETTINGS if name in config},
        "sentence": f"What {layer.name} does.",
        "weights": weights,
        "outputs": [keep(each) for each in outputs] if is_given else None,
    }


def name_kind(layer) -> str:
    """The class of a layer in snake case, as Keras names its layers."""
    name = type(layer).__name__.removesuffix("Layer")
    kind = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    for found, wanted in NAMES.items():
        kind = kind.replace(found, wanted)
    return kind
