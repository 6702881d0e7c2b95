import ast
import dataclasses
import re

import pytest

from onion_pipeline.model.architecture import LayerRow, tabulate_architecture
from onion_pipeline.model.composites import Backbone
from onion_pipeline.reporting.card import POINTER, shorten_card, write_card
from onion_pipeline.reporting.findings import Findings

OPTIONAL = [field.name for field in dataclasses.fields(Findings) if field.default is None]
PLACEHOLDER = re.compile(r"\b(None|NaN|nan|null|TODO|undefined)\b|\[\]|\{\}|\{\{|%\}")
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)


def find_empty_sections(card):
    """Return the headings below which there is nothing but perhaps a heading of a higher rank."""
    marks = list(HEADING.finditer(card))
    empty = []
    for mark, after in zip(marks, [*marks[1:], None], strict=True):
        text = card[mark.end() : after.start() if after else None].strip()
        is_parent = after is not None and len(after[1]) > len(mark[1])
        if not text and not is_parent:
            empty.append(mark[2])
    return empty


def find_broken_tables(card):
    """Return the heads of tables that have no row, or rows with another number of cells."""
    broken = []
    for table in re.findall(r"(?:^\|.*\n)+", card, re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        if len(table.splitlines()) < 3 or len(widths) > 1:
            broken.append(table)
    return broken


def read_code(card, language):
    return re.findall(rf"```{language}\n(.*?)```", card, re.DOTALL)


def strip_code(card):
    return re.sub(r"```.*?```", "", card, flags=re.DOTALL)


@pytest.mark.parametrize("missing", [[], *[[name] for name in OPTIONAL], OPTIONAL], ids=str)
def test_a_card_has_no_empty_place_whatever_is_not_known(make_findings, missing):
    whole = write_card(make_findings(**dict.fromkeys(missing)))
    card = strip_code(whole)
    assert find_empty_sections(card) == []
    assert find_broken_tables(card) == []
    assert PLACEHOLDER.findall(card) == []
    assert "\n\n\n" not in whole


def test_a_card_without_words_of_the_user_has_no_place_for_them(make_findings):
    words = {"intended_use": None, "limits": " ", "contact": None}
    for given in (words, {}):
        card = write_card(make_findings(words=given))
        assert "## Contact" not in card
        assert find_empty_sections(card) == []


def test_the_user_speaks_in_markdown(make_findings):
    card = write_card(make_findings())
    assert "Counting *insects* in my garden." in card
    assert card.index("Not at night.") < card.index("- It knows 2 classes")
    assert card.endswith("## Contact\n\nme@example.org\n")


@pytest.mark.parametrize(
    "said",
    [
        "which of 2 classes it belongs to: ant and bee.",
        "It was trained on 800\u00a0pictures from data/01_raw/insects.zip.",
        "**95.5\u00a0%** (95\u00a0% interval 91.7 to 97.6\u00a0%)",
        "| Macro F1 | 0.950 (0.900 to 0.980) |",
        "| Top-3 accuracy | 99.0\u00a0% |",
        "| Calibration error | 2.0\u00a0% |",
        "| bee | 100 | 96.0\u00a0% | 95.0\u00a0% | 0.954 |",
        "| bee | ant | 5 |",
        "| always naming the most frequent class of the test | 50.0\u00a0% (43.0 to 57.0\u00a0%) |",
        "(temperature 1.25): without that it would be more sure of itself",
        "It abstains where its confidence is below 0.800. In the test it answered 90.0\u00a0% of",
        "the larger. In the test 91.0\u00a0% did, with 1.25 classes on average",
        "| brightness | darkest quarter | 50 | 80.0\u00a0% (67.0 to 89.0\u00a0%) |",
        "| noise | 85.0\u00a0% | 75.0\u00a0% | 65.0\u00a0% | 55.0\u00a0% | 45.0\u00a0% |",
        "when 150\u00a0pictures of the test are corrupted",
        "in 2 ways; as they are, 96.0\u00a0% are right. It suffers most from gaussian noise",
        "| all | 800 | 200 | 200 |",
        "1,000 PNG, 200 JPEG, from 10\u00a0\u00d7\u00a011 to 20\u00a0\u00d7\u00a030 pixels",
        "3\u00a0files of 1,203 that cannot be used (not an image: 2, truncated: 1)",
        "7\u00a0pairs of equal or nearly equal pictures",
        "A convolutional network of 3\u00a0layers with 842 weights",
        "variants of them (Affine and CoarseDropout), in 2\u00a0epochs, and is kept",
        "**Challenger:** not better than version 1",
        "| Multiply-adds for one picture | 1,000 | 2,000 |",
        "| all together | `f1f2f3` |",
        "| code | `c0de` | commit abcdef012345 |",
        "| the MLflow model, asked with image files | 3e-08 | 1e-05 |",
        "models:/insects@challenger",
    ],
)
def test_a_card_says_what_is_known(make_findings, said):
    assert said in write_card(make_findings())


def test_names_of_strangers_are_shown_as_they_are(make_findings, parts):
    report = parts["class_report"].assign(**{"class": ["<b>a|b*", "bee"]})
    card = write_card(make_findings(class_names=["<b>a|b*", "bee"], class_report=report))
    assert "<b>" not in card
    assert "&lt;b&gt;a\\|b\\* and bee." in card
    assert find_broken_tables(card) == []


def test_of_many_classes_the_weakest_are_listed(make_findings, parts):
    import pandas as pd

    names = [f"class {number}" for number in range(100)]
    report = pd.DataFrame({"class": names, "precision": 0.5, "recall": 0.5, "support": 9}).assign(
        f1=[number / 100 for number in range(100)]
    )
    counts = {name: {"train": 1, "validation": 1, "test": 1} for name in names}
    data = parts["data_report"] | {"classes": counts}
    card = write_card(make_findings(class_names=names, class_report=report, data_report=data))
    assert "class 19 and 80 more." in card
    assert "70 more classes are in `class_report.csv`" in card
    assert "| class 29 | 9 |" in card
    assert "| class 30 | 9 |" not in card
    assert "The table leaves out 70 more classes" in card
    assert "| all | 100 | 100 | 100 |" in card


@pytest.mark.parametrize(
    ("decision", "alias"),
    [("champion", "champion"), ("challenger", "challenger"), ("pending", "champion")],
)
def test_a_card_loads_the_model_by_the_alias_that_it_gets(make_findings, parts, decision, alias):
    card = write_card(make_findings(promotion=parts["promotion"] | {"decision": decision}))
    assert f'load_model("models:/insects@{alias}")' in card


def test_the_code_in_a_card_is_python(make_findings):
    (code,) = read_code(write_card(make_findings()), "python")
    assert [type(line).__name__ for line in ast.parse(code).body] == [
        *("ImportFrom", "Import", "Import", "Assign", "Assign", "Expr")
    ]


def test_a_card_that_fits_is_not_shortened(make_findings):
    card = write_card(make_findings())
    assert shorten_card(card, len(card)) == card


def test_a_short_card_has_whole_sections_and_says_where_the_rest_is(make_findings):
    card = write_card(make_findings())
    short = shorten_card(card, 3000)
    assert 2000 < len(short) <= 3000
    assert short.endswith(POINTER)
    assert find_empty_sections(short) == []
    sections = re.split(r"^(?=## )", short.removesuffix(POINTER), flags=re.MULTILINE)
    assert len(sections) > 3
    assert [section for section in sections if section not in card] == []


def test_a_card_without_room_for_a_section_is_cut(make_findings):
    short = shorten_card(write_card(make_findings()), 100)
    assert len(short) == 100


def test_a_class_without_test_pictures_has_no_figures(make_findings, parts):
    figures = ["precision", "recall", "f1"]
    report = parts["class_report"]
    report.loc[report["class"] == "bee", figures] = float("nan")
    report.loc[report["class"] == "bee", "support"] = 0
    report.loc[report["class"] == "ant", "precision"] = float("nan")
    card = write_card(make_findings(class_report=report)).replace("\u00a0", " ")
    assert "| bee | 0 | no test pictures | unknown | unknown |" in card
    assert "| ant | 100 | never named | " in card
    assert "nan" not in strip_code(card).split()
    assert find_broken_tables(card) == []


def test_multiply_adds_that_nobody_can_count_are_unknown(make_findings, parts):
    costs = {"challenger": None, "champion": 2000}
    compared = parts["promotion"]["comparison"] | {"multiply_adds": costs}
    table = parts["architecture_table"].astype({"multiply_adds": float})
    table.loc[0, "multiply_adds"] = float("nan")
    changes = {"promotion": parts["promotion"] | {"comparison": compared}}
    card = write_card(make_findings(architecture_table=table, **changes))
    assert "one picture takes an unknown number of multiplications" in card
    assert "| Multiply-adds for one picture | unknown | 2,000 |" in card


@pytest.fixture
def make_backboned(make_findings):
    """A function that makes findings of a network on ImageNet's, or other, weights."""

    def make(weights="imagenet"):
        rows = [
            LayerRow("scaling", "rescaling", (224, 224, 3), 0, 0, 150528),
            LayerRow("backbone_stem", "backbone block", (112, 112, 32), 992, 0, 11_239_424),
            LayerRow("backbone_top", "backbone block", (7, 7, 1280), 414_720, 0, 20_133_120),
            LayerRow("softmax", "dense", (2,), 2562, 2562, 2560),
        ]
        backbone = Backbone(name="efficientnet_lite0", weights=weights, trainable="none")
        return make_findings(backbone=backbone, architecture_table=tabulate_architecture(rows))

    return make


def test_the_card_names_the_backbone_and_its_biases(make_backboned):
    card = write_card(make_backboned())
    assert "A convolutional network of 2\u00a0blocks and 1\u00a0layer with 418,274 weights" in card
    assert "efficientnet_lite0" in card.replace("\\", "")
    assert "licence Apache-2.0" in card
    assert "1.28 million photographs" in card
    (limit,) = [line for line in card.splitlines() if "photographs from the internet" in line]
    assert "comes with them" in limit
    assert "| backbone top | 7x7x1280 | 414,720 | 0 |" in card
    assert find_broken_tables(card) == []


def test_what_was_not_pretrained_on_imagenet_is_not_said_to_be(make_backboned):
    for weights, told in ((None, "with random weights"), ("mine.h5", "a file of the user's")):
        card = write_card(make_backboned(weights))
        assert told in card
        assert "ImageNet" not in card


def test_the_sum_of_the_probabilities_stands_beside_the_count_of_each_class(make_findings, parts):
    report = parts["class_report"].assign(expected=[130.52, 69.48], frequency_p_value=[0.001, 0.2])
    card = write_card(make_findings(class_report=report))
    assert "| Class | Pictures | Expected | Precision | Recall | F1 |" in card
    assert "| ant | 100 | 130.5 |" in card
    assert "**Expected** is what the probabilities of the class add up to" in card


def test_the_number_of_threads_stands_beside_the_libraries(make_findings):
    card = write_card(make_findings()).replace("\u00a0", " ")
    assert "in 2 threads: another number gives other weights" in card


def test_the_card_says_whether_it_had_seen_the_test_pictures(make_findings, parts):
    def write(**changes):
        return write_card(make_findings(**changes)).replace("\u00a0", " ")

    assert "Tested on 200 pictures that it had never seen, it was right" in write()
    leaked = parts["metrics"] | {
        "leaked_images": 40,
        "accuracy_without_leaked": 0.9,
        "accuracy_without_leaked_interval": [0.846, 0.936],
        "test_images_without_leaked": 160,
    }
    card = write(metrics=leaked)
    assert "never seen" not in card
    assert "Tested on 200 pictures, of which it knew 40 from training or validation" in card
    assert "and in 90.0 % (84.6 to 93.6 %) of the other 160 pictures." in card
    assert "| Accuracy without leaked pictures | 90.0 % (84.6 to 93.6 %) |" in card


def test_the_card_says_of_an_older_run_and_of_one_that_did_not_look_what_is_true(
    make_findings, parts
):
    report = parts["data_report"]
    older = write_card(make_findings(data_report=report | {"leaks": {"pairs": 3}}))
    assert "some of which it knew" in older
    blind = report | {"duplicates": report["duplicates"] | {"near_looked_for": False}}
    card = write_card(make_findings(data_report=blind))
    assert "never seen" not in card
    assert "of other files than it learned from" in card
    assert "were not looked for" in card
    only_validation = {"leaks": {"pairs": 3, "test_pairs": 0}}
    card = write_card(make_findings(data_report=report | only_validation))
    assert "none of them with one in the test" in card
    assert "flatters" not in card


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"augment": {"copies": 0}}, "through the training pictures in 2\u00a0epochs"),
        (
            {"augment": {"copies": 5}, "train": {"variants_per_epoch": 1}},
            "the training pictures, each as one of its variants (Affine and CoarseDropout), in",
        ),
        (
            {"augment": {"copies": 5}, "train": {"variants_per_epoch": None}},
            "the training pictures, and variants of them (Affine and CoarseDropout), in",
        ),
    ],
)
def test_a_card_says_which_pictures_an_epoch_went_through(make_findings, parts, values, told):
    lineage = parts["model_lineage"]
    lineage = lineage | {"parameters": lineage["parameters"] | values}
    assert told in write_card(make_findings(model_lineage=lineage))


def test_corruptions_that_cost_nothing_are_not_suffered_from(make_findings, parts):
    table = parts["robustness"].assign(accuracy=0.1, clean_accuracy=0.1)
    card = write_card(make_findings(robustness=table))
    assert "suffers most" not in card
    assert "None of them costs it right answers, on average." in card
