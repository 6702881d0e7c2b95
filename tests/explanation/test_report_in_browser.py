"""Networks of the project, described by it and opened in a real browser."""

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from onion_pipeline.augmentation.replay import draw_policy
from onion_pipeline.evaluation.predictions import predict_probabilities, tabulate_probabilities
from onion_pipeline.explanation import sections
from onion_pipeline.explanation.page.rendering import render_page
from onion_pipeline.explanation.report import describe_network
from onion_pipeline.model.graph import compute_outputs, find_convolution, trace_calls

pytestmark = pytest.mark.slow  # a browser

SCREENSHOTS = Path(__file__).parents[2] / "docs" / "take_screenshots.py"
POLICY = [{"name": "Affine", "arguments": {"rotate": [-20, 20]}}]
PARTS = ["peel", "attention", "augmentation", "learning"]


@pytest.fixture(scope="module")
def write_report(tmp_path_factory):
    """A function that writes the report of a network; returns its path and the pictures."""

    def write(model) -> tuple[Path, np.ndarray]:
        shape = model.input_shape[1:]
        images = np.random.default_rng(0).integers(0, 256, (6, *shape), dtype=np.uint8)
        names = [f"class {number}" for number in range(model.output_shape[-1])]
        labels = [names[number % len(names)] for number in range(6)]
        answers = predict_probabilities(model, images)
        table = tabulate_probabilities(answers, [f"{n}.png" for n in range(6)], labels, names)
        report = describe_network(model, images[:4], table[:4], names)
        sections.add_attention(report, model, images[:4], table[:4])
        sections.add_augmentation(report, model, draw_policy(images[0], POLICY, 2, 0), picture=0)
        history = pd.DataFrame({"epoch": [1, 2], "loss": [2.0, 1.0], "accuracy": [0.4, np.nan]})
        name = find_convolution(model)
        kernels = np.stack([model.get_layer(name).kernel.numpy()] * 3)
        sections.add_learning(report, history, kernels, name)
        sections.add_confusion(report, images, table, names)
        sections.add_map(report, model, images, table, seed=0)
        path = tmp_path_factory.mktemp("report") / "onion_report.html"
        path.write_text(render_page(report.description, report.tensors), "utf-8")
        return path, images[:4]

    return write


@pytest.fixture(scope="module")
def foreign(keras):
    """A network of what pretrained networks are made of, and parameter files cannot list."""
    from keras.src.applications.convnext import LayerScale

    layers = keras.layers
    keras.utils.set_random_seed(0)
    image = keras.Input((14, 12, 3), dtype="uint8", name="image")
    x = layers.Resizing(20, 15, name="larger")(image)
    x = layers.Resizing(13, 16, interpolation="nearest", name="other")(x)
    x = layers.Rescaling([0.01, 0.02, 0.03], [-1.0, 0.0, 0.5], name="scaling")(x)
    x = layers.ZeroPadding2D(((1, 0), (2, 1)), name="padded")(x)
    x = layers.Conv2D(8, 3, name="first")(x)
    x = layers.ReLU(max_value=6, negative_slope=0.1, threshold=0.2, name="cut")(x)
    x = layers.DepthwiseConv2D(3, 2, padding="same", depth_multiplier=2, name="depthwise")(x)
    x = kept = layers.BatchNormalization(scale=False, name="normal")(x)
    gate = layers.GlobalAveragePooling2D(keepdims=True, name="means")(x)
    gate = layers.Conv2D(16, 1, activation="relu6", name="gate")(gate)
    gate = layers.Activation("hard_sigmoid", name="pressed")((gate + 3.0) * 0.5)
    x = layers.Multiply(name="gated")([x, gate])
    x = layers.Activation("hard_silu", name="silu")(x)
    x = layers.Conv2D(16, 3, groups=4, padding="same", name="grouped")(x)
    x = layers.Dense(16, activation="gelu", name="places")(x)
    x = LayerScale(0.5, 16, name="scaled")(x)
    x = layers.Dropout(0.2, noise_shape=(None, 1, 1, 1), name="skipped")(x)
    x = x + kept
    x = layers.GlobalAveragePooling2D(name="pooled")(x)
    x = layers.Reshape((16,), name="row")(x)
    answer = layers.Dense(3, activation="softmax", name="softmax")(x)
    return keras.Model(image, answer, name="onion")


@pytest.mark.parametrize("name", ["onion", "branched", "residual", "foreign"])
def test_every_layer_opens_and_answers_as_keras_does(name, request, write_report, open_page):
    model = request.getfixturevalue(name)
    path, images = write_report(model)
    names = [*trace_calls(model)]
    wanted = compute_outputs(model, names, images)
    with open_page(path) as page:
        assert page.locator("main section").evaluate_all("all => all.map(each => each.id)") == PARTS
        for layer in names:
            page.locator(f'.layer[data-layer="{layer}"] .layer-button').click()
            found = page.evaluate(
                "async name => Array.from(await onion.outputs(2, name))",
                layer,
            )
            expected = wanted[layer][2].ravel()
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4, err_msg=layer)


def test_the_screenshots_of_the_readme_are_taken(onion, write_report, browser, tmp_path):
    path, _ = write_report(onion)
    photograph_report = runpy.run_path(str(SCREENSHOTS))["photograph_report"]
    page = browser.new_page()
    photograph_report(page, path, tmp_path)
    page.close()
    readme = SCREENSHOTS.parents[1].joinpath("README.md").read_text(encoding="utf-8")
    taken = sorted(tmp_path.glob("*.png"))
    assert len(taken) == 3
    for picture in taken:
        assert f"docs/images/{picture.name}" in readme
        with Image.open(picture) as image:
            assert image.width in {390, 1440}
            assert len(image.convert("RGB").getcolors(1 << 24)) > 100  # something is painted
