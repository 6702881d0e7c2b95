"""A pretrained network, described by the project and opened in a real browser."""

import time

import numpy as np
import pandas as pd
import pytest

from onion_pipeline.augmentation.replay import draw_policy
from onion_pipeline.evaluation.predictions import predict_probabilities, tabulate_probabilities
from onion_pipeline.explanation import sections
from onion_pipeline.explanation.attention import map_attention
from onion_pipeline.explanation.page.rendering import render_page
from onion_pipeline.explanation.report import describe_network
from onion_pipeline.model.architecture import find_backbone, read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.model.graph import compute_outputs, find_convolution

pytestmark = pytest.mark.slow  # a browser

CLASSES = [f"class {number}" for number in range(10)]
LAYERS = [
    {"backbone": {"name": "efficientnet_lite0", "trainable": "none"}},
    "global_average_pooling2d",
    {"dropout": {"rate": 0.2}},
]
PICTURES, TESTED = 12, 120
LARGEST = 10_000_000  # bytes
SECONDS = 2
PHONE, DESKTOP = 390, 1440
POLICY = [
    {"name": name, "arguments": {}} for name in ("HorizontalFlip", "Transpose", "VerticalFlip")
]


@pytest.fixture(scope="module")
def model():
    return build_model(read_layers(LAYERS), (224, 224, 3), len(CLASSES), seed=0)


@pytest.fixture(scope="module")
def images():
    """Noise, which no compression makes smaller, with a spot to look at."""
    found = np.random.default_rng(0).integers(0, 256, (TESTED, 224, 224, 3), dtype=np.uint8)
    found[:, 60:140, 80:150] //= 4
    return found


@pytest.fixture(scope="module")
def report(model, images, tmp_path_factory):
    """The report with all that is as large as the images."""
    names = [f"{number}.png" for number in range(TESTED)]
    answers = np.random.default_rng(0).dirichlet(np.ones(len(CLASSES)), TESTED)
    labels = [CLASSES[number % len(CLASSES)] for number in range(TESTED)]
    table = tabulate_probabilities(np.float32(answers), names, labels, CLASSES)
    shown = images[:PICTURES]
    answered = predict_probabilities(model, shown)
    told = tabulate_probabilities(answered, names[:PICTURES], labels[:PICTURES], CLASSES)
    described = describe_network(model, shown, told, CLASSES, find_backbone(read_layers(LAYERS)))
    sections.add_augmentation(described, model, draw_policy(images[0], POLICY, 8, 0), picture=0)
    kernels = np.stack([model.get_layer(find_convolution(model)).kernel.numpy()] * 2)
    history = pd.DataFrame({"epoch": [1], "loss": [2.0], "accuracy": [0.4]})
    sections.add_learning(described, history, kernels, find_convolution(model))
    sections.add_confusion(described, images, table, CLASSES)
    path = tmp_path_factory.mktemp("report") / "onion_report.html"
    path.write_text(render_page(described.description, described.tensors), "utf-8")
    return path


def open_card(page, selector):
    card = page.locator(selector)
    card.locator("> .layer-head > .layer-button").click()
    return card


def read_output(page, name):
    return np.array(
        page.evaluate("async name => Array.from((await onion.outputs(1, name)) ?? [])", name)
    )


def test_the_page_is_small_and_opens_quickly(report, browser):
    assert report.stat().st_size < LARGEST
    page = browser.new_page()
    start = time.perf_counter()
    page.goto(report.as_uri())
    page.evaluate("onion.ready")
    assert time.perf_counter() - start < SECONDS
    page.close()


def test_a_backbone_opens_into_blocks_and_these_into_layers(report, open_page):
    with open_page(report) as page:
        top = page.locator(".ladder > .layer")
        kinds = top.evaluate_all("all => all.map(each => each.dataset.kind)")
        assert kinds == [
            "input", "rescaling", "backbone", "global_average_pooling2d", "dropout", "dense",
        ]  # fmt: skip
        assert "18 blocks of efficientnet_lite0 (140 layers)" in page.locator("#facts").inner_text()
        backbone = open_card(page, '[data-kind="backbone"]')
        assert "1.28 million photographs" in backbone.locator(".sentence").first.inner_text()
        assert backbone.locator("[data-group]").count() == 18
        block = open_card(page, '[data-group="block2b"]')
        assert "then adds what arrived" in block.locator(".sentence").first.inner_text()
        assert block.locator(".is-nested > .layer").count() == 9
        assert "from their own weights" in block.locator(".hint").first.inner_text()
        layer = open_card(page, '[data-layer="backbone_block2b_depthwise_conv"]')
        layer.locator(".receipt").wait_for()
        products = layer.locator(".part table").nth(2).locator("td")
        values = products.evaluate_all("all => all.map(each => Number(each.dataset.value))")
        total = layer.locator(".receipt .is-total td").get_attribute("data-value")
        assert sum(values) == pytest.approx(float(total), abs=1e-4)


@pytest.mark.parametrize(
    "layer", ["stem_relu", "block1a_depthwise_bn", "block2b_add", "block4c_project_conv"]
)
def test_what_leaves_the_first_blocks_is_what_keras_says(layer, model, images, report, open_page):
    name = f"backbone_{layer}"
    wanted = compute_outputs(model, [name], images[1:2])[name][0]
    with open_page(report) as page:
        found = read_output(page, name).reshape(wanted.shape)
    np.testing.assert_allclose(found, wanted, atol=1e-3 * np.abs(wanted).max())


def test_of_the_last_blocks_samples_are_shown_and_said_to_be(model, images, report, open_page):
    name = "backbone_block6b_depthwise_relu"
    wanted = compute_outputs(model, [name], images[1:2])[name][0]
    with open_page(report) as page:
        page.locator(".picture").nth(1).click()
        open_card(page, '[data-kind="backbone"]')
        open_card(page, '[data-group="block6b"]')
        layer = open_card(page, f'[data-layer="{name}"]')
        assert "8 most active of 1152 maps" in layer.locator(".hint").inner_text()
        assert "stay outside" in layer.locator(".hint").inner_text()
        channel = int(layer.locator('.tile[aria-pressed="true"]').inner_text())
        layer.locator(".field.is-live").press("Home")
        words = layer.locator(".where").inner_text().replace("\N{MINUS SIGN}", "-").split()
        assert len(read_output(page, name)) == 0
    sizes = np.abs(wanted).mean((0, 1))
    assert sizes[channel] == sizes.max()
    row, column = int(words[1].strip(",")), int(words[3].strip(":"))
    assert float(words[4]) == pytest.approx(wanted[row, column, channel], abs=6 / 255 + 1e-3)


def test_the_head_computes_the_answer(model, images, report, open_page):
    wanted = predict_probabilities(model, images[1:2])[0]
    with open_page(report) as page:
        np.testing.assert_allclose(read_output(page, "softmax"), wanted, atol=1e-5)
        dense = open_card(page, '[data-layer="softmax"]')
        assert dense.locator(".bar").count() == 8
        pressed = page.locator(".layer-button")
        pressed.first.focus()
        page.keyboard.press("ArrowDown")
        assert page.evaluate("document.activeElement.innerText").startswith("Rescaling")


def test_a_network_of_many_layers_is_accessible_and_as_wide_as_the_window(report, open_page):
    from axe_playwright_python.sync_playwright import Axe

    with open_page(report, PHONE) as page:
        open_card(page, '[data-kind="backbone"]')
        for group, layer in (("block2b", "expand_relu"), ("block6b", "expand_conv")):
            open_card(page, f'[data-group="{group}"]')
            open_card(page, f'[data-layer="backbone_{group}_{layer}"]').locator(
                ".field"
            ).first.wait_for()
        for width in (PHONE, DESKTOP):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        light = Axe().run(page).response
        page.emulate_media(color_scheme="dark")
        page.wait_for_function("getComputedStyle(document.body).color === 'rgb(242, 231, 218)'")
        dark = Axe().run(page, options={"runOnly": ["color-contrast"]}).response
    serious = [
        (each["id"], each["nodes"][0]["html"])
        for each in light["violations"] + dark["violations"]
        if each["impact"] in {"serious", "critical"}
    ]
    assert serious == []


def test_windows_that_were_pretrained_are_not_said_to_be_random(report, open_page):
    with open_page(report) as page:
        words = page.locator(".kernel-block .where")
        assert words.inner_text() == "After epoch 1: not changed, this layer was not trained."
        page.locator(".kernel-block").get_by_role("slider").press("Home")
        assert words.inner_text() == "Before any training: as others had trained them."


def test_attention_is_of_the_last_maps_of_the_backbone(model, images):
    chosen = np.array([3])
    (attention,) = map_attention(model, images[:1], chosen)
    assert attention.shape == (7, 7)
    kernel, bias = model.get_layer("softmax").get_weights()
    name = "global_average_pooling2d_1"
    means = compute_outputs(model, [name], images[:1])[name][0]
    score = means @ kernel[:, 3]
    assert attention.sum() == pytest.approx(score, abs=1e-3)  # all places together are the score
    assert bias[3] == 0
