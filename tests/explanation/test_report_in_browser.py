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


@pytest.mark.parametrize("name", ["onion", "branched", "residual"])
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
