"""The onion report in a real browser, beside the same arithmetic in NumPy."""

import numpy as np
import pytest
from described_model import (
    CLASSES,
    describe_model,
    draw_pictures,
    read_outputs,
    train_network,
)
from described_parts import (
    DATA,
    EPOCHS,
    FACTS,
    HISTORY,
    LEFTS,
    LIMITS,
    SIDE,
    TOPS,
    add_parts,
    name_many_classes,
)

from onion_pipeline.explanation.page.rendering import render_page

pytestmark = pytest.mark.slow  # a browser

PICTURES = 4
PHONE, DESKTOP = 390, 1440
SETTLED = 500  # milliseconds until nothing moves any more
ROUNDING = 6e-4  # of numbers with three decimals
READ_KINDS = "layers => layers.map(layer => layer.dataset.kind)"


@pytest.fixture(scope="module")
def network(keras):
    """A trained model, and what leaves its layers for some pictures."""
    model = train_network(keras)
    pictures, labels = draw_pictures(PICTURES)
    return model, read_outputs(keras, model, pictures), pictures, labels


@pytest.fixture(scope="module")
def described(network):
    """What the page is given: a description, and arrays."""
    return add_parts(*describe_model(*network))


@pytest.fixture(scope="module")
def report(described, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "onion_report.html"
    path.write_text(render_page(*described), "utf-8")
    return path


@pytest.fixture(scope="module")
def page(report, open_page):
    """One page for all tests that only open and close layers."""
    with open_page(report) as page:
        yield page


def open_parts(page):
    """Let all parts be built, and open what can be opened in them."""
    page.locator(".matrix-box").scroll_into_view_if_needed()
    page.locator('[data-cell="0,0"]').click()
    page.locator(".map").scroll_into_view_if_needed()
    page.locator(".map").press("ArrowRight")
    page.locator("#trust").scroll_into_view_if_needed()


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


def read_pixels(canvas) -> np.ndarray:
    """Read what is painted on a canvas: red, green, blue and opacity of each pixel."""
    return np.array(
        canvas.evaluate("""canvas => {
            const copy = new OffscreenCanvas(canvas.width, canvas.height);
            const context = copy.getContext("2d", { willReadFrequently: true });
            context.drawImage(canvas, 0, 0);
            return Array.from(context.getImageData(0, 0, canvas.width, canvas.height).data);
        }""")
    )


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
    conv = find_layer(model, "maps")
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
    source = outputs["gated"][0, ..., channel]  # 10 rows and 9 columns
    padded = np.pad(source, [(0, 1), (1, 1)], constant_values=-np.inf)
    window = padded[2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
    found = read_values(layer.locator(".cells td")).reshape(3, 3)
    np.testing.assert_allclose(found, np.where(np.isinf(window), 0, window), atol=1e-5)
    winner = read_values(layer.locator(".cells .is-winner"))
    assert winner == pytest.approx(window.max(), abs=1e-5)
    assert shown == pytest.approx(window.max(), abs=ROUNDING)


def test_a_unit_of_a_dense_layer_is_taken_apart_exactly(network, open_layer):
    model, outputs, *_ = network
    dense = find_layer(model, "units")
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


def find_log_odds(picture) -> float:
    chosen = CLASSES.index(picture["predicted"])
    return float(
        np.log(picture["probabilities"][chosen] / np.delete(picture["probabilities"], chosen).sum())
    )


@pytest.fixture
def look(page):
    """The part that says where the network looked, at the first picture."""
    page.locator(".picture").first.click()
    return page.locator("#attention")


@pytest.mark.parametrize("keys", [["Home", "PageUp"], ["End", "PageDown", "ArrowLeft"]])
def test_a_hidden_patch_says_what_it_cost(keys, described, look, page):
    description, tensors = described
    look.get_by_label("Occlusion").focus()
    for key in keys:
        page.keyboard.press(key)
    row, column = (0, 0) if keys[0] == "Home" else (len(TOPS) - 1, len(LEFTS) - 2)
    top, left = TOPS[row], LEFTS[column]
    words = look.locator(".look-detail .where").inner_text()
    assert f"Rows {top} to {top + SIDE - 1}, columns {left} to {left + SIDE - 1} hidden" in words
    picture = description["pictures"][0]
    before, fall = find_log_odds(picture), tensors[picture["occlusion"]][row, column]
    assert f"{'rise' if fall < 0 else 'fall'} by {abs(fall):.3f}"[:8] in words
    wanted = [before, -fall, before - fall, *(1 / (1 + np.exp([-before, fall - before])))]
    assert read_values(look.locator(".receipt td")) == pytest.approx(wanted, abs=1e-5)

    pixels = tensors[picture["pixels"]].copy()
    pixels[top : top + SIDE, left : left + SIDE] = pixels.mean((0, 1)).round()
    shown = read_pixels(look.locator(".hidden-patch"))
    np.testing.assert_array_equal(shown.reshape(*pixels.shape[:2], 4)[..., :3], pixels)


def test_a_place_of_the_attention_says_how_much_it_speaks_for_the_answer(described, look, page):
    description, tensors = described
    attention = tensors[description["pictures"][0]["attention"]]
    words = look.locator(".look").nth(1).locator(".where")
    assert read_values(words) == pytest.approx(attention.max())
    look.get_by_label("Attention").focus()
    for key in ("Home", "PageUp", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    assert read_values(words) == pytest.approx(attention[2, 0])
    speaks = "against" if attention[2, 0] < 0 else "for"
    assert f", {speaks} {description['pictures'][0]['predicted']}" in words.inner_text()


def test_a_small_map_chooses_its_picture(look, page):
    tiles = look.locator(".look-tile")
    assert tiles.count() == PICTURES
    tiles.get_by_label("Picture 4").or_(look.get_by_label("Picture 4:")).first.click()
    assert page.locator(".picture").nth(3).get_attribute("aria-checked") == "true"
    assert look.locator('.look-tile[aria-pressed="true"]').count() == 1
    titles = look.locator(".look h3").all_inner_texts()
    assert titles == ["The picture", "Occlusion", "This patch hidden"]  # it has no feature maps
    page.locator(".picture").first.click()
    assert look.locator(".look h3").count() == 4


def test_each_draw_of_the_augmentation_has_its_arguments_and_its_answer(described, page):
    description, tensors = described
    part, picture = page.locator("#augmentation"), description["pictures"][1]
    draws = [each for row in description["augmentation"]["transforms"] for each in row["draws"]]
    answers = [CLASSES[int(np.argmax(each["probabilities"]))] for each in draws]
    shown = part.locator(".draw")
    assert shown.evaluate_all("draws => draws.map(draw => draw.dataset.answer)") == answers
    assert answers.count(picture["predicted"]) == 2
    assert part.locator(".hint").first.inner_text() == "1 of the 3 draws below changes the answer."
    assert read_values(shown.locator(".draw-answer")) == pytest.approx([1, 0.625, 1])
    assert shown.locator(".mark").all_inner_texts() == ["=", "≠", "="]
    assert (
        shown.nth(1).locator(".draw-answer").inner_text().endswith(f"now {answers[1]}, 62.5\xa0%")
    )
    assert part.locator(".transform h3").all_inner_texts() == ["SafeRotate", "CoarseDropout"]
    words = shown.locator("dl").all_inner_texts()
    assert words[0].split() == ["angle", "\N{MINUS SIGN}12.3°", "scale", "×", "1.25"]
    assert words[2].split() == [
        "rows",
        "3\N{EN DASH}7",
        "columns",
        "2\N{EN DASH}5",
        "p",
        "drawn",
        "0.5",
    ]
    drawn = read_pixels(shown.nth(2).locator("canvas")).reshape(20, 17, 4)
    np.testing.assert_array_equal(drawn[..., :3], tensors[draws[2]["pixels"]])


def test_the_curves_show_the_history_and_read_an_epoch(page):
    slider = page.get_by_role("slider", name="Epoch", exact=True)
    slider.scroll_into_view_if_needed()
    dots = [
        read_values(page.locator(f'[data-title="{title}"] .epoch-dot.{name}'))
        for title in ("Loss", "Accuracy")
        for name in ("training", "validation")
    ]
    columns = ("loss", "validation_loss", "accuracy", "validation_accuracy")
    for found, column in zip(dots, columns, strict=True):
        wanted = [row[column] for row in HISTORY if row.get(column) is not None]
        assert found == pytest.approx(wanted)
    words = page.locator(".curves + .where")
    assert words.inner_text() == (
        "Epoch 3: loss 0.500 in training, 0.625 in validation; accuracy 87.5\xa0% in training. "
        "Its weights were kept."
    )
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert words.inner_text() == "Epoch 2: loss 0.750 in training; accuracy 50.0\xa0% in training."
    assert slider.get_attribute("aria-valuenow") == "2"
    page.locator('[data-title="Loss"]').hover(position={"x": 50, "y": 100})
    assert words.inner_text().startswith("Epoch 1: loss 1.500 in training, 1.250 in validation")


def test_the_slider_leads_through_the_windows_of_the_epochs(described, page):
    description, tensors = described
    frames = [tensors[at] for at in description["learning"]["kernels"]["frames"]]
    most = max(np.abs(frame).max() for frame in frames)
    grid = page.locator(".kernels")
    assert grid.get_attribute("data-epoch") == str(EPOCHS[-1])
    for key, epoch in (("Home", 0), ("ArrowRight", 1)):
        page.get_by_label("Epoch of the windows").focus()
        page.keyboard.press(key)
        assert grid.get_attribute("data-epoch") == str(EPOCHS[epoch])
        for window in (0, 9):
            shown = read_pixels(grid.locator("canvas").nth(window)).reshape(5, 3, 4)[..., :3]
            wanted = 127.5 * (1 + frames[epoch][..., window] / most)
            np.testing.assert_allclose(shown, wanted, atol=0.51)
    page.get_by_role("button", name="Later").click()
    assert grid.get_attribute("data-epoch") == str(EPOCHS[2])
    moved = np.linalg.norm(frames[2] - frames[0]) / np.linalg.norm(frames[0])
    assert (
        f"After epoch 3: changed by {moved:.1%}".replace("%", "\xa0%")
        in page.locator(".kernel-block .where").inner_text()
    )


def test_a_cell_of_the_confusion_matrix_opens_its_pictures(described, page):
    confusion = described[0]["confusion"]
    counts = np.array(confusion["counts"])
    page.locator(".matrix-box").scroll_into_view_if_needed()
    page.locator(".matrix").wait_for()
    cells = page.locator(".matrix button")
    assert read_values(cells) == pytest.approx(counts[counts > 0])
    mistakes = page.locator(".mistakes .bar-label").all_inner_texts()
    assert mistakes == ["bee → eel", "eel → ant"]

    page.locator('[data-cell="1,4"]').click()
    pictures = page.locator(".cell-pictures")
    assert "bee, taken for eel: 2 of 10 pictures." in pictures.inner_text()
    paths = pictures.locator("li").evaluate_all("items => items.map(item => item.dataset.path)")
    assert paths == ["bee/0.png", "bee/1.png"]
    assert read_values(pictures.locator("li")) == pytest.approx([0.95, 0.85])

    page.keyboard.press("ArrowDown")  # to the next one that is not empty
    page.keyboard.press("Enter")
    assert "eel, recognised: 5 of 6 pictures. The 3 surest are shown." in pictures.inner_text()
    assert page.locator('.matrix button[tabindex="0"]').get_attribute("data-cell") == "4,4"
    page.locator(".mistakes button").nth(1).click()
    assert page.locator('.matrix [aria-pressed="true"]').get_attribute("data-cell") == "4,0"


def test_the_map_names_the_picture_that_is_pointed_at(page):
    box = page.locator(".map")
    box.scroll_into_view_if_needed()
    assert box.get_attribute("data-points") == "5"
    assert page.locator(".map-card").is_hidden()
    assert "61.4\xa0% of the variance" in page.locator("#learning").inner_text()
    size = box.bounding_box()
    box.hover(position={"x": size["width"] / 2, "y": size["height"] / 2})
    words = page.locator(".map + .where")
    assert words.inner_text() == "ant, recognised: 4"
    assert page.locator(".map-card").is_visible()
    for key, said in (("ArrowRight", "ant, recognised: 1"), ("ArrowUp", "ant, taken for bee: 2")):
        box.focus()
        page.keyboard.press(key)
        assert words.inner_text() == said
    whole = box.locator("canvas").first.evaluate("canvas => canvas.toDataURL()")
    page.get_by_label("Pick out").select_option("ant")
    page.get_by_label("Pick out").select_option("all classes")
    assert box.locator("canvas").first.evaluate("canvas => canvas.toDataURL()") == whole


def test_the_figures_of_the_test_and_the_worst_mistakes_are_shown(page):
    part = page.locator("#trust")
    for fact in FACTS + DATA:
        for text in fact.values():
            assert part.get_by_text(text, exact=True).count() == 1
    assert part.locator(".limits li").all_inner_texts() == LIMITS
    mistakes = part.locator(".answered li")
    assert read_values(mistakes) == pytest.approx([0.95, 0.85])
    assert mistakes.first.inner_text().split("\n") == ["bee → eel", "95.0\xa0% sure"]


def test_the_list_of_parts_leads_to_them(page):
    links = page.get_by_role("navigation").get_by_role("link")
    assert links.all_inner_texts() == [
        "Peel", "Where it looked", "What augmentation did", "How it learned", "How far to trust it",
    ]  # fmt: skip
    for link, part in [(links.last, "trust"), (links.first, "peel")]:
        link.click()
        page.wait_for_selector(f'.contents a[href="#{part}"][aria-current]')
        page.wait_for_timeout(SETTLED)
        assert page.locator(".contents [aria-current]").count() == 1
        assert 0 <= page.locator(f"#{part}-title").bounding_box()["y"] < 300


def test_parts_that_are_not_given_are_not_shown(network, open_page, tmp_path):
    description, tensors = describe_model(*network)
    path = tmp_path / "report.html"
    path.write_text(render_page(description, tensors), "utf-8")
    with open_page(path) as page:
        assert page.locator("main h2").all_inner_texts() == ["Peel"]
        assert page.locator(".contents").is_hidden()


def test_one_epoch_has_no_slider_and_many_classes_scroll_in_their_box(
    described, open_page, tmp_path
):
    description, tensors = described
    many = name_many_classes(description, 100)
    kernels = {
        "layer": "conv2d",
        "epochs": [1],
        "frames": description["learning"]["kernels"]["frames"][:1],
    }
    many["learning"] = {"history": HISTORY[:1], "kernels": kernels}
    many["trust"] = None
    path = tmp_path / "report.html"
    path.write_text(render_page(many, tensors), "utf-8")
    with open_page(path, PHONE) as page:
        assert page.locator("main h2").last.inner_text() == "How it learned"
        assert page.get_by_label("Epoch of the windows").count() == 0
        assert page.locator('[data-title="Loss"] .epoch-dot').count() == 2
        page.locator(".matrix-box").scroll_into_view_if_needed()
        last = page.locator('[data-cell="99,99"]')
        last.click()
        assert (
            "class number 99, recognised: 7 of 7 pictures."
            in page.locator(".cell-pictures").inner_text()
        )
        box, cell = page.locator(".matrix-box").bounding_box(), last.bounding_box()
        assert box["x"] <= cell["x"] <= box["x"] + box["width"] <= PHONE
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE


def test_a_class_without_test_pictures_is_said_to_be_untested(described, tmp_path, open_page):
    report, tensors = described
    lacking = name_many_classes(report, 12)
    lacking["confusion"]["counts"][11] = [0] * 12
    path = tmp_path / "report.html"
    path.write_text(render_page(lacking, tensors), "utf-8")
    with open_page(path) as page:
        page.locator(".matrix-box").scroll_into_view_if_needed()
        page.locator(".matrix").wait_for()
        heads = page.locator('.matrix th[scope="row"]').all_text_contents()
        assert heads[10:] == ["class number 10", "class number 11 (untested)"]


def test_all_layers_open_without_an_error_a_request_or_overflow(network, report, open_page):
    model, *_ = network
    with open_page(report, PHONE) as page:
        for button in page.locator(".layer-button").all():
            button.press("Enter")
        assert page.locator(".layer-body:visible").count() == len(model.layers)
        page.locator(".picture").last.click()
        page.wait_for_function("document.querySelectorAll('.glimpse[hidden]').length === 0")
        open_parts(page)
        for width in (PHONE, DESKTOP):
            page.set_viewport_size({"width": width, "height": 900})
            for theme in ("dark", "light"):
                page.emulate_media(color_scheme=theme)
                assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator(".cell-pictures li").count() == 3  # what was open still is


def test_axe_finds_no_serious_violation(report, open_page):
    from axe_playwright_python.sync_playwright import Axe

    with open_page(report) as page:
        for kind in sorted(set(page.locator(".layer").evaluate_all(READ_KINDS))):
            page.locator(f'.layer[data-kind="{kind}"] .layer-button').first.press("Enter")
        open_parts(page)
        light = Axe().run(page).response
        page.emulate_media(color_scheme="dark")
        page.wait_for_function("getComputedStyle(document.body).color === 'rgb(242, 231, 218)'")
        open_parts(page)
        dark = Axe().run(page, options={"runOnly": ["color-contrast"]}).response
    serious = [
        (each["id"], each["nodes"][0]["html"], each["nodes"][0]["failureSummary"])
        for each in light["violations"] + dark["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    assert serious == []
    for found in (light, dark):
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
            for row, label in zip(outputs["answer"], labels, strict=True)
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
    model, *_ = network
    description, tensors = describe_model(*network)
    unknown = next(each for each in description["layers"] if each["kind"] == "up_sampling2d")
    unknown["outputs"] = None
    path = tmp_path / "report.html"
    path.write_text(render_page(description, tensors), "utf-8")
    with open_page(path) as page:
        for name in (unknown["name"], "maps", find_layer(model, "dropout").name, "answer"):
            page.locator(f'.layer[data-layer="{name}"] .layer-button').click()
        hint = page.locator(f'.layer[data-layer="{unknown["name"]}"] .hint')
        assert hint.inner_text() == "This report does not hold the numbers of this layer."
        shares = page.locator(".answer .bar-value").all_inner_texts()
        assert len(shares) == len(CLASSES) - 1
