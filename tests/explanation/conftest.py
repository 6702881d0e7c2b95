"""Networks to explain, of every layer and with branches, and a browser to see them explained in."""

import shutil
from contextlib import contextmanager

import pytest

from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model

DESKTOP = 1440
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
LAYERS = [
    {"conv2d": {"filters": 4, "padding": "same", "activation": "relu"}},
    {"separable_conv2d": {"filters": 6, "strides": 2}},
    "batch_normalization",
    {"activation": {"activation": "relu"}},
    {"spatial_dropout2d": {"rate": 0.1}},
    "layer_normalization",
    "max_pooling2d",
    {"average_pooling2d": {"pool_size": 2, "padding": "same"}},
    "flatten",
    {"dense": {"units": 5, "activation": "tanh"}},
    {"dropout": {"rate": 0.4}},
]


@pytest.fixture(scope="package")
def every_layer():
    return read_layers(LAYERS)


@pytest.fixture(scope="package")
def onion(every_layer):
    """A network for pictures of 12x10 pixels in colour and three classes."""
    return build_model(every_layer, (12, 10, 3), classes=3, seed=0)


@pytest.fixture(scope="package")
def branched(keras):
    """A network for grey pictures of 6x6 pixels and two classes."""
    image = keras.Input((6, 6, 1), dtype="uint8", name="image")
    scaled = keras.layers.Rescaling(1 / 255, name="scaling")(image)
    left = keras.layers.Conv2D(2, 3, padding="same", name="left")(scaled)
    both = keras.layers.Add(name="both")([scaled, left])
    joined = keras.layers.Concatenate(name="joined")([both, left])
    upper = keras.layers.UpSampling2D(2, name="upper")(joined)
    pooled = keras.layers.GlobalAveragePooling2D(name="pooled")(upper)
    answer = keras.layers.Dense(2, activation="softmax", name="softmax")(pooled)
    return keras.Model(image, answer)


@pytest.fixture(scope="package")
def browser():
    """The system's Chromium."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.skip("needs a Chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
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
        page.evaluate("onion.whole")
        yield page
        context.close()
        assert seen == []

    return open_page
