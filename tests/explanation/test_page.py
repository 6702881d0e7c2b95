"""The onion report in a real browser, beside the same arithmetic in NumPy."""

import shutil
from contextlib import contextmanager

import numpy as np
import pytest
from described_model import (
    CLASSES,
    describe_model,
    draw_pictures,
    read_outputs,
    train_network,
)

from onion_pipeline.explanation.page.rendering import render_page

PICTURES = 4
PHONE, DESKTOP = 390, 1440
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
ROUNDING = 6e-4  # of numbers with three decimals
# Layers whose views are made of all parts that views are made of.
PARTS = ("image", "conv2d", "activation", "flatten", "dense", "dropout", "activation_3")


@pytest.fixture(scope="module")
def network(keras):
    """A trained model, and what leaves its layers for some pictures."""
    model = train_network(keras)
    pictures, labels = draw_pictures(PICTURES)
    return model, read_outputs(keras, model, pictures), pictures, labels


@pytest.fixture(scope="module")
def report(network, tmp_path_factory):
    model, outputs, pictures, labels = network
    path = tmp_path_factory.mktemp("report") / "onion_report.html"
    path.write_text(render_page(*describe_model(model, outputs, pictures, labels)), "utf-8")
    return path


@pytest.fixture(scope="module")
def browser():
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.skip("needs a Chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def open_page(browser):
    """A function that opens a page and, in the end, has seen neither errors nor requests."""

    @contextmanager
    def open_page(path, width=DESKTOP, theme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, has_touch=True
        )
        page, seen = context.new_page(), []
        page.on("console", lambda message: seen.append(message.text))
        page.on("pageerror", lambda error: seen.append(str(error)))

        def watch(route):
            if route.request.url == path.as_uri():
                return route.continue_()
            seen.append(route.request.url)
            return route.abort()

        page.route("**/*", watch)
        page.goto(path.as_uri())
        page.evaluate("onion.ready")
        yield page
        context.close()
        assert seen == []

    return open_page


@pytest.fixture(scope="module")
def page(report, open_page):
    """One page for all tests that only open and close layers."""
    with open_page(report) as page:
        yield page


@pytest.fixture
def open_layer(page):
    """A function that opens a layer of the page."""
    opened = []

    def open_layer(name):
        layer = page.locator(f'.layer[data-layer="{name}"]')
        layer.locator(".layer-button").click()
        opened.append(layer)
        return layer

    yield open_layer
    for layer in opened:
        layer.locator(".layer-button").click()


def read_number(text: str) -> float:
    """Read a number as the page writes it."""
    return float(text.replace("\N{MINUS SIGN}", "-").replace(",", ""))


def read_values(cells) -> np.ndarray:
    """Read the full numbers behind the rounded ones of a table."""
    return np.array(cells.evaluate_all("cells => cells.map(cell => Number(cell.dataset.value))"))


def read_place(layer) -> tuple[int, int, int, float]:
    """Row, column, map and number that a layer speaks of."""
    words = layer.locator(".where").first.inner_text().replace(",", "").replace(":", "").split()
    return int(words[1]), int(words[3]), int(words[6]), read_number(words[7])


def find_layer(model, kind: str):
    return next(layer for layer in model.layers if layer.name.startswith(kind))


@pytest.mark.parametrize("picture", [0, 3])
def test_what_leaves_each_layer_is_what_keras_says(picture, network, page):
    model, outputs, *_ = network
    for layer in model.layers:
        found = page.evaluate(
            "async ([picture, name]) => Array.from(await onion.outputs(picture, name))",
            [picture, layer.name],
        )
        wanted = outputs[layer.name][picture].ravel()
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4, err_msg=layer.name)


@pytest.mark.parametrize("keys", [[], ["Home", "PageUp"], ["End", "PageDown"], ["ArrowLeft"]])
def test_a_number_of_a_convolution_is_taken_apart_exactly(keys, network, page, open_layer):
    model, outputs, *_ = network
    conv = find_layer(model, "conv2d")
    layer = open_layer(conv.name)
    layer.locator(".field.is-live").focus()
    for key in keys:
        page.keyboard.press(key)
    row, column, channel, shown = read_place(layer)
    assert shown == pytest.approx(outputs[conv.name][0, row, column, channel], abs=ROUNDING)

    (kernel,) = conv.get_weights()  # 5x3, strides 2, same: one row and one column of zeros before
    padded = np.pad(outputs["scaling"][0], [(2, 2), (1, 1), (0, 0)])
    top, left = 2 * row + (2 - 1), 2 * column
    patch = padded[top : top + 5, left : left + 3]
    tables = layer.locator(".part")
    assert tables.count() == 3
    for colour in range(3):
        cells = [tables.nth(colour).locator("table").nth(each).locator("td") for each in range(3)]
        found = [read_values(each).reshape(5, 3) for each in cells]
        weights = kernel[:, :, colour, channel]
        np.testing.assert_allclose(found[0], patch[..., colour], atol=1e-6)
        np.testing.assert_allclose(found[1], weights, atol=1e-6)
        np.testing.assert_allclose(found[2], patch[..., colour] * weights, atol=1e-6)
    bill = read_values(layer.locator(".receipt td"))
    assert bill[:3] == pytest.approx((patch * kernel[..., channel]).sum((0, 1)), abs=1e-5)
    assert bill[-1] == pytest.approx(bill[:3].sum(), abs=1e-5)


def test_the_channels_that_are_not_shown_are_in_the_sum(network, open_layer):
    model, outputs, *_ = network
    conv = model.layers[[layer.name for layer in model.layers].index("conv2d_2")]
    layer = open_layer(conv.name)
    row, column, channel, shown = read_place(layer)
    kernel, bias = conv.get_weights()
    source = outputs[conv._inbound_nodes[0].parent_nodes[0].operation.name][0]
    products = source[row : row + 3, column : column + 3] * kernel[..., channel]
    bill = read_values(layer.locator(".receipt td"))
    assert layer.locator(".part").count() == 3
    assert bill[:4].sum() == pytest.approx(products.sum(), abs=1e-4)
    assert bill[4] == pytest.approx(bias[channel], abs=1e-6)
    assert bill[5] == pytest.approx(products.sum() + bias[channel], abs=1e-4)
    assert bill[6] == pytest.approx(max(bill[5], 0), abs=1e-6)
    assert shown == pytest.approx(outputs[conv.name][0, row, column, channel], abs=ROUNDING)


def test_a_number_of_a_separable_convolution_adds_up(network, open_layer):
    model, outputs, *_ = network
    conv = find_layer(model, "separable")
    layer = open_layer(conv.name)
    row, column, channel, shown = read_place(layer)
    bill = read_values(layer.locator(".receipt td"))
    assert bill[:5].sum() == pytest.approx(bill[5], abs=1e-5)
    assert bill[6] == pytest.approx(bill[5] / (1 + np.exp(-bill[5])), abs=1e-6)
    assert bill[6] == pytest.approx(outputs[conv.name][0, row, column, channel], abs=1e-4)
    assert shown == pytest.approx(bill[6], abs=ROUNDING)


@pytest.mark.parametrize("keys", [[], ["Home", "PageUp"], ["End", "PageDown"]])
def test_a_window_of_a_pooling_shows_its_winner(keys, network, page, open_layer):
    model, outputs, *_ = network
    pooling = find_layer(model, "max_pooling")  # 3x3, strides 2, same
    layer = open_layer(pooling.name)
    layer.locator(".field.is-live").focus()
    for key in keys:
        page.keyboard.press(key)
    row, column, channel, shown = read_place(layer)
    source = outputs["multiply"][0, ..., channel]  # 10 rows and 9 columns
    padded = np.pad(source, [(0, 1), (1, 1)], constant_values=-np.inf)
    window = padded[2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
    found = read_values(layer.locator(".cells td")).reshape(3, 3)
    np.testing.assert_allclose(found, np.where(np.isinf(window), 0, window), atol=1e-5)
    winner = read_values(layer.locator(".cells .is-winner"))
    assert winner == pytest.approx(window.max(), abs=1e-5)
    assert shown == pytest.approx(window.max(), abs=ROUNDING)


def test_a_unit_of_a_dense_layer_is_taken_apart_exactly(network, open_layer):
    model, outputs, *_ = network
    dense = find_layer(model, "dense_1")
    layer = open_layer(dense.name)
    unit = int(layer.locator('.bar[aria-pressed="true"] .bar-label').inner_text().split()[1])
    kernel, bias = dense.get_weights()
    arriving = outputs[dense._inbound_nodes[0].parent_nodes[0].operation.name][0]
    products = arriving * kernel[:, unit]
    table = layer.locator(".contributions tbody td[data-value]")
    value, weight, product = read_values(table).reshape(-1, 3).T
    assert product == pytest.approx(value * weight, abs=1e-6)
    strongest = np.sort(products)
    assert np.sort(product)[-6:] == pytest.approx(strongest[-6:], abs=1e-5)
    assert np.sort(product)[:6] == pytest.approx(strongest[:6], abs=1e-5)
    bill = read_values(layer.locator(".receipt td"))
    assert bill[0] == pytest.approx(products[products > 0].sum(), abs=1e-4)
    assert bill[1] == pytest.approx(products[products < 0].sum(), abs=1e-4)
    assert bill[-2] == pytest.approx(products.sum() + bias[unit], abs=1e-4)
    assert bill[-1] == pytest.approx(outputs[dense.name][0, unit], abs=1e-4)


def test_each_number_that_is_flattened_is_found_again(network, page, open_layer):
    model, outputs, *_ = network
    flatten = find_layer(model, "flatten")
    layer = open_layer(flatten.name)
    grid, line = layer.locator(".field.is-live").all()
    for field, key in ((grid, "End"), (line, "ArrowUp"), (line, "ArrowRight")):
        field.focus()
        page.keyboard.press(key)
        words = layer.locator(".where").inner_text().replace(",", "").replace(":", "").split()
        position, row, column, channel = (int(words[at]) for at in (1, 4, 6, 9))
        source = outputs[flatten._inbound_nodes[0].parent_nodes[0].operation.name][0]
        assert np.ravel_multi_index((row, column, channel), source.shape) == position
        assert read_number(words[10]) == pytest.approx(source[row, column, channel], abs=ROUNDING)


def test_dropout_drops_the_same_numbers_at_each_opening(network, page, open_layer):
    model, *_ = network
    dropout = find_layer(model, "dropout")
    words = []
    for _ in range(2):
        layer = open_layer(dropout.name)
        words.append(layer.locator(".where").inner_text())
        layer.locator(".layer-button").click()
    layer.locator(".layer-button").click()
    assert words[0] == words[1]
    dropped, count = (int(words[0].split()[at]) for at in (0, 2))
    assert count == 24
    assert 0 < dropped < count
    off, factor, on = read_values(layer.locator(".receipt td"))
    assert factor == pytest.approx(0 if on == 0 else 1 / 0.6)
    assert on == pytest.approx(off * factor, abs=1e-6)
    layer.get_by_role("button", name="draw 2").click()
    assert layer.locator(".where").inner_text() != words[0]
    assert layer.locator(".is-spread").first.locator("i").count() > 1


def test_the_shares_of_a_softmax_are_the_probabilities_of_keras(network, open_layer):
    model, outputs, *_ = network
    layer = open_layer(model.layers[-1].name)
    shares = read_values(layer.locator(".contributions td[data-value]"))
    wanted = np.sort(outputs[model.layers[-1].name][0])[::-1]
    assert shares[:5] == pytest.approx(wanted[:5], abs=1e-5)
    assert shares.sum() == pytest.approx(1)


def test_all_layers_open_without_an_error_a_request_or_overflow(network, report, open_page):
    model, *_ = network
    with open_page(report, PHONE) as page:
        for button in page.locator(".layer-button").all():
            button.press("Enter")
        assert page.locator(".layer-body:visible").count() == len(model.layers)
        page.locator(".picture").last.click()
        page.wait_for_function("document.querySelectorAll('.glimpse[hidden]').length === 0")
        for width in (PHONE, DESKTOP):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(
    "view",
    [
        ({"width": DESKTOP, "theme": "light"}, {}),
        ({"width": PHONE, "theme": "dark"}, {"runOnly": ["color-contrast"]}),
    ],
    ids=["light", "dark"],
)
def test_axe_finds_no_serious_violation(view, network, report, open_page):
    from axe_playwright_python.sync_playwright import Axe

    size_and_theme, rules = view
    model, *_ = network
    with open_page(report, **size_and_theme) as page:
        for kind in PARTS:
            name = find_layer(model, kind).name
            page.locator(f'.layer[data-layer="{name}"] .layer-button').click()
        assert page.locator(".layer-body:visible").count() == len(PARTS)
        found = Axe().run(page, options=rules).response
    serious = [
        (each["id"], each["nodes"][0]["html"], each["nodes"][0]["failureSummary"])
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    assert serious == []
    assert "color-contrast" in [each["id"] for each in found["passes"]]


def test_arrow_keys_lead_from_picture_to_picture(network, report, open_page):
    _, outputs, _, labels = network
    with open_page(report) as page:
        page.locator('.picture[aria-checked="true"]').focus()
        page.keyboard.press("ArrowRight")
        second = page.locator(".picture").nth(1)
        assert second.get_attribute("aria-checked") == "true"
        assert page.evaluate("document.activeElement.ariaLabel").startswith("Picture 2: bee")
        assert page.locator(".picture [class*=mark]").all_inner_texts() == [
            "✓" if row.argmax() == label else "✗"
            for row, label in zip(outputs["activation_3"], labels, strict=True)
        ]
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
        assert page.locator(".picture").nth(2).get_attribute("aria-checked") == "true"


def test_a_tap_chooses_a_pixel(network, report, open_page):
    model, outputs, *_ = network
    conv = find_layer(model, "conv2d")
    with open_page(report, PHONE) as page:
        layer = page.locator(f'.layer[data-layer="{conv.name}"]')
        layer.locator(".layer-button").tap()
        field = layer.locator(".field.is-live")
        field.tap(position={"x": 2, "y": 2})
        row, column, channel, shown = read_place(layer)
        assert (row, column) == (0, 0)
        assert shown == pytest.approx(outputs[conv.name][0, 0, 0, channel], abs=ROUNDING)


def test_layers_that_nobody_knows_are_said_to_be_so(network, open_page, tmp_path):
    description, tensors = describe_model(*network)
    unknown = next(each for each in description["layers"] if each["kind"] == "up_sampling2d")
    unknown["outputs"] = None
    path = tmp_path / "report.html"
    path.write_text(render_page(description, tensors), "utf-8")
    with open_page(path) as page:
        for name in (unknown["name"], "conv2d_2", "dropout", "activation_3"):
            page.locator(f'.layer[data-layer="{name}"] .layer-button').click()
        hint = page.locator(f'.layer[data-layer="{unknown["name"]}"] .hint')
        assert hint.inner_text() == "This report does not hold the numbers of this layer."
        shares = page.locator(".answer .bar-value").all_inner_texts()
        assert len(shares) == len(CLASSES) - 1
