"""Real trainings on a part of the sample, and the gate between them."""

import io
import json
import re
import shutil
from copy import copy
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from mlflow.artifacts import download_artifacts
from sklearn.metrics import recall_score

from onion_pipeline.errors import DataError
from onion_pipeline.evaluation.predictions import predict_probabilities, tabulate_predictions
from onion_pipeline.images.arrays import labelled_dtype, make_keys
from onion_pipeline.images.decoding.decoder import DEFAULT_RENDERING
from onion_pipeline.images.index import index_images
from onion_pipeline.images.loading import decode_images
from onion_pipeline.images.sources import open_source
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.parameters import Parameters
from onion_pipeline.pipelines.register.pipeline import create_pipeline
from onion_pipeline.registry.aliases import promote_version, read_aliases
from onion_pipeline.registry.attachments import Attachments
from onion_pipeline.registry.champion_rules import Decision
from onion_pipeline.registry.versions import load_classifier, register_model
from onion_pipeline.serving.classifier import Classifier
from onion_pipeline.serving.config import ServingConfig
from onion_pipeline.tracking import runs
from onion_pipeline.tracking.mlflow_client import import_client
from onion_pipeline.tracking.outage import TRACKING_URI
from onion_pipeline.training.fit import train_model
from onion_pipeline.training.lineage import PARTS

pytestmark = pytest.mark.slow  # trainings, and an MLflow store

NAME = "onion_pipeline"
DIGITS = Path(__file__).parents[2] / "data/01_raw/digits.zip"
NAMES = list("0123456789")
SPLITS = np.repeat(["train", "validation", "test"], [80, 10, 30])


LINEAGE = {"hash": "f1", **{part: {"hash": "a1"} for part in PARTS}}


class Recipe(NamedTuple):
    """How a network is made.

    Args:
        units: of the hidden layer.
        filters: of a convolution before it; 0 for none.
        epochs: of training.
        side: of the pictures, in pixels.
        seed: of weights and order.
    """

    units: int = 48
    filters: int = 0
    epochs: int = 4
    side: int = 28
    seed: int = 0


MIDDLE, EQUAL, CHEAPER = Recipe(), Recipe(seed=1), Recipe(units=40, epochs=5)
WEAK, STRONG, SMALL = Recipe(epochs=1), Recipe(filters=16, epochs=10), Recipe(side=14)


class Digits:
    """1,200 pictures of the sample, their splits, and networks that were trained on them.

    Args:
        parameters: of conf/base.
        names: of the ten classes.
        shift: by how many pictures of each class the splits are moved.
        shuffled: the labels say nothing.
    """

    def __init__(self, parameters, names=NAMES, shift=0, shuffled=False):
        numbers, self.names, self.parameters = range(len(SPLITS)), names, parameters
        paths = [f"{digit}/{number:04}.png" for digit in NAMES for number in numbers]
        self.source = open_source(DIGITS).select(paths)
        self.index = index_images(self.source)
        labels = self.index["label"].astype(int).to_numpy()
        self.ids = np.random.default_rng(0).permutation(labels) if shuffled else labels
        split = np.tile(np.roll(SPLITS, shift), len(NAMES))
        self.splits = self.index.assign(split=split, label=np.array(names)[self.ids])
        self.train, self.decode = cache(self.train), cache(self.decode)

    def decode(self, side):
        shape = (side, side, 1)
        return decode_images(self.source, self.index, shape, DEFAULT_RENDERING).gather()["image"]

    def select(self, split, side=28):
        rows = np.flatnonzero(self.splits["split"] == split)
        images = np.zeros(len(rows), labelled_dtype((side, side, 1)))
        images["image"], images["label"] = self.decode(side)[rows], self.ids[rows]
        images["index"] = rows
        return images

    def train(self, recipe):
        window = {"conv2d": {"filters": recipe.filters, "activation": "relu"}}
        scanning = [window, "max_pooling2d"] if recipe.filters else []
        hidden = {"dense": {"units": recipe.units, "activation": "relu"}}
        layers = read_layers([*scanning, "flatten", hidden])
        untrained = build_model(layers, (recipe.side, recipe.side, 1), len(NAMES), recipe.seed)
        return self.fit(untrained, recipe)

    def fit(self, untrained, recipe):
        changes = {"epochs": recipe.epochs, "warmup_epochs": 0}
        parameters = self.parameters.train.model_copy(update=changes)
        images = (self.select(split, recipe.side) for split in ("train", "validation"))
        return train_model(untrained, *images, parameters, recipe.seed).model

    def describe(self, recipe, model=None, **rules):
        """Return what the register pipeline reads."""
        model, tested = model or self.train(recipe), self.select("test", recipe.side)
        answers = predict_probabilities(model, tested["image"])
        return {
            "calibrated_model": model,
            "serving_config": ServingConfig(
                self.names, (recipe.side, recipe.side, 1), DEFAULT_RENDERING
            ).as_dictionary(),
            "raw_images": self.source,
            "image_splits": self.splits,
            "test_images": tested,
            "test_predictions": tabulate_predictions(
                tested, answers, self.splits["path"], self.names
            ),
            "metrics": {"accuracy": 0.5},
            "parity_report": {"passed": True, "package": None, "stages": []},
            "model_lineage": LINEAGE,
            "image_lineage": self.splits[["path", "label", "split", "sha256"]],
            "model_card": "# Digits",
            "params:ingest": self.parameters.ingest,
            "params:register": self.parameters.register_.model_copy(update=rules),
        }


@pytest.fixture(scope="module")
def parameters(load_conf, precision):
    return Parameters.model_validate(load_conf(train={"precision": precision})["parameters"])


@pytest.fixture(scope="module")
def digits(parameters, keras):
    return Digits(parameters)


@pytest.fixture(scope="module")
def shuffled(parameters, keras):
    return Digits(parameters, shuffled=True)


@pytest.fixture(scope="module")
def decide(run_nodes):
    """A function that lets the gate decide about a network, and returns its report."""
    gate = create_pipeline().only_nodes("compare_champion")

    def run(*network, **more):
        digits, *recipe = network
        (promotion,) = run_nodes(gate, digits.describe(*recipe, **more)).values()
        return json.loads(json.dumps(promotion))  # as the catalog keeps it

    return run


@pytest.fixture(scope="module")
def register(run_nodes):
    """A function that sends a network through the whole pipeline; returns its registration."""

    def run(*network, **more):
        digits, *recipe = network
        pipeline = create_pipeline().only_nodes("compare_champion", "register_model")
        return run_nodes(pipeline, digits.describe(*recipe, **more))["registration"]

    return run


@pytest.fixture(scope="module")
def first(digits, register, empty_store, tmp_path_factory):
    """A store in which a network of middling quality is champion, and its registration."""
    folder = tmp_path_factory.mktemp("registry")
    shutil.copy(empty_store, folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(TRACKING_URI, f"sqlite:///{folder / 'mlflow.db'}")
        patch.setenv(runs.RUN_ID, runs.start_run("digits", "run", folder / "kept", {}, {}))
        yield folder, register(digits, MIDDLE)


@pytest.fixture
def champion(first, tmp_path, monkeypatch):
    """A copy of that store, to which more may be done."""
    shutil.copy(first[0] / "mlflow.db", tmp_path)
    monkeypatch.setenv(TRACKING_URI, f"sqlite:///{tmp_path / 'mlflow.db'}")
    return first[1]


@pytest.fixture
def empty_registry(mlflow_store, monkeypatch):
    """A store without a model, and with a run."""
    run_id = runs.start_run("digits", "run", mlflow_store / "kept", {}, {})
    monkeypatch.setenv(runs.RUN_ID, run_id)
    return mlflow_store


def get_aliases():
    return read_aliases(import_client(), NAME)


def get_tags(version):
    return import_client().get_model_version(NAME, version).tags


def read_attachment(version, name):
    folder = download_artifacts(f"models:/{NAME}/{version}/attachments")
    return (Path(folder) / name).read_bytes()


def test_the_first_network_with_some_skill_is_champion(champion):
    assert (champion["decision"], champion["alias"]) == ("champion", "champion")
    assert champion["reason"].startswith("the first, and better than always naming 0 (0.")
    assert get_aliases() == {"champion": "1"}
    assert get_tags("1")["gate.rule"] == "first"
    assert "gate.champion_before" not in get_tags("1")


LENIENT = {"tolerance": 0.1, "max_class_drop": 0.5}


@pytest.mark.parametrize(
    "case",
    [
        (WEAK, {}, ("challenger", "worse")),
        (EQUAL, LENIENT, ("challenger", "not_better")),
        (CHEAPER, LENIENT, ("champion", "cheaper")),
        (STRONG, {"max_class_drop": 0}, ("champion", "better")),
    ],
)
def test_a_challenger_is_decided_by_what_it_is_worth(champion, digits, decide, case):
    recipe, rules, expected = case
    found = decide(digits, recipe, **rules)
    assert (found["decision"], found["rule"], found["champion_before"]) == (*expected, "1")
    comparison = found["comparison"]
    assert comparison["images"] == sum(comparison["agreement"].values()) == 300
    truth = digits.select("test")["label"]
    for role, network in (("challenger", recipe), ("champion", MIDDLE)):
        model = digits.train(network)
        named = predict_probabilities(model, digits.select("test")["image"]).argmax(axis=1)
        assert comparison[role] == (named == truth).mean()
        recalls = [row[role] for row in comparison["classes"]]
        np.testing.assert_allclose(recalls, recall_score(truth, named, average=None))


def test_a_residual_network_may_challenge(champion, digits, register, keras):
    keras.utils.set_random_seed(0)
    image = keras.Input((28, 28, 1), dtype="uint8", name="image")
    scaled = keras.layers.Rescaling(1 / 255, name="scaling")(image)
    kept = keras.layers.Conv2D(8, 4, strides=4, activation="relu", name="first")(scaled)
    changed = keras.layers.Conv2D(8, 3, padding="same", name="second")(kept)
    merged = keras.layers.Add(name="merged")([kept, changed])
    answer = keras.layers.Dense(10, "softmax", dtype="float32", name="softmax")
    outputs = answer(keras.layers.Flatten(name="flatten")(merged))
    residual = digits.fit(keras.Model(image, outputs, name="residual"), Recipe(epochs=2))
    assert register(digits, MIDDLE, residual)["version"] == "2"
    costs = json.loads(read_attachment("2", "promotion.json"))["comparison"]["multiply_adds"]
    cells = 7 * 7 * 8
    assert costs["challenger"] == 28 * 28 + cells * 4 * 4 + cells * 3 * 3 * 8 + cells * 10
    assert get_tags("2")["multiply_adds"] == str(costs["challenger"])


def test_a_stronger_network_takes_the_title_and_gives_it_back(champion, digits, register, decide):
    second = register(digits, STRONG)
    assert (second["version"], second["alias"]) == ("2", "champion")
    assert second["reason"].startswith("better than version 1 (0.")
    assert get_aliases() == {"champion": "2"}
    assert get_tags("1")["gate.replaced_by"] == "2"
    tags = get_tags("2")
    assert (tags["gate.decision"], tags["gate.rule"]) == ("champion", "better")
    assert (tags["gate.champion_before"], tags["gate.reason"]) == ("1", second["reason"])
    assert float(tags["gate.p_value"]) < 0.05 < float(tags["gate.difference"]) + 0.05
    costs = json.loads(read_attachment("2", "promotion.json"))["comparison"]["multiply_adds"]
    assert tags["multiply_adds"] == str(costs["challenger"])
    assert decide(digits, STRONG)["rule"] == "same_model"
    again = decide(digits, MIDDLE)
    assert (again["decision"], again["rule"]) == ("challenger", "replaced")
    assert "promote.version=1" in again["reason"]
    promote_version(NAME, "previous")
    assert get_aliases() == {"champion": "1"}
    assert decide(digits, STRONG)["rule"] == "replaced"  # what was rolled back stays so


def test_a_version_tells_which_images_it_has_seen(champion, digits):
    seen = np.load(io.BytesIO(read_attachment("1", "seen_images.npy")), allow_pickle=False)
    rows = digits.splits["split"].isin(["train", "validation"])
    assert set(seen) == set(make_keys(digits.splits.loc[rows, "sha256"]))
    assert (np.diff(seen.astype(object)) > 0).all()


def test_a_network_that_learned_shuffled_labels_is_never_champion(
    empty_registry, shuffled, register, digits
):
    found = register(shuffled, MIDDLE)
    assert found["alias"] == "challenger"
    counts = digits.splits.loc[digits.splits["split"] == "test", "label"].value_counts()
    named = re.search(
        r"better than always naming (\d), the most frequent class of the test \(0\.",
        found["reason"],
    )
    assert counts[named[1]] == counts.max()
    assert found["reason"].startswith("not ")
    assert get_aliases() == {"challenger": "1"}
    report = json.loads(read_attachment("1", "promotion.json"))
    assert (report["rule"], report["reason"]) == ("no_skill", found["reason"])
    assert get_tags("1")["gate.reason"] == found["reason"]


def test_neither_is_it_where_there_is_a_champion(champion, shuffled, decide):
    found = decide(shuffled, MIDDLE)
    assert (found["decision"], found["rule"]) == ("challenger", "no_skill")
    assert found["champion_before"] == "1"


def test_images_that_the_champion_has_seen_are_left_out(champion, digits, parameters, decide):
    other = Digits(parameters, shift=20)  # a third of its test images are in the champion's test
    found = decide(other, EQUAL, digits.train(EQUAL))
    comparison = found["comparison"]
    assert comparison["left_out"] == {"seen": 200, "unreadable": 0}
    unseen = (other.splits["split"] == "test") & (digits.splits["split"] == "test")
    images = digits.decode(28)[unseen]
    for role, recipe in (("challenger", EQUAL), ("champion", MIDDLE)):
        named = predict_probabilities(digits.train(recipe), images).argmax(axis=1)
        assert comparison[role] == (named == digits.ids[unseen]).mean()


def test_nothing_is_compared_if_the_champion_has_seen_all(champion, digits, parameters, decide):
    found = decide(Digits(parameters, shift=30), STRONG, digits.train(STRONG))
    assert (found["decision"], found["rule"]) == ("challenger", "too_few_images")
    assert "300 were seen by that in training" in found["reason"]


def test_a_champion_of_another_image_size_sees_the_pictures_in_its_own_way(
    champion, digits, register, decide, tmp_path
):
    assert register(digits, SMALL, alias="champion")["alias"] == "champion"
    comparison = decide(digits, STRONG)["comparison"]
    classifier = load_classifier(f"models:/{NAME}@champion")
    tested = digits.splits[digits.splits["split"] == "test"]
    named = classifier.classify(digits.source.read(path) for path in tested["path"])["label"]
    assert classifier.version == "2"
    assert comparison["champion"] == (named.to_numpy() == tested["label"].to_numpy()).mean()
    assert comparison["champion"] < comparison["challenger"]
    assert (comparison["images"], comparison["left_out"]["unreadable"]) == (300, 0)
    check_lost_pictures(digits, decide, tmp_path / "pictures")


def check_lost_pictures(digits, decide, folder):
    """What is gone, or no longer what it was, is left out."""
    tested = digits.splits[digits.splits["split"] == "test"]
    for path in tested["path"]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(digits.source.read(path))
    gone, changed, *_, kept = tested["path"]
    (folder / gone).unlink()
    (folder / changed).write_bytes((folder / kept).read_bytes())
    elsewhere = copy(digits)
    elsewhere.source = open_source(folder)
    comparison = decide(elsewhere, STRONG)["comparison"]
    assert (comparison["images"], comparison["left_out"]["unreadable"]) == (298, 2)
    elsewhere.source = open_source(folder).select([kept])
    found = decide(elsewhere, STRONG)
    assert found["rule"] == "too_few_images"
    assert "299 are no longer to be read" in found["reason"]


def test_a_champion_of_other_classes_is_not_compared(champion, digits, parameters, decide):
    renamed = Digits(parameters, names=[*NAMES[:9], "nine"])
    found = decide(renamed, STRONG, digits.train(STRONG))
    assert (found["decision"], found["rule"]) == ("challenger", "other_classes")
    assert "(new nine; gone 9)" in found["reason"]
    assert "kedro run --pipelines promote --params promote.version=" in found["reason"]


@pytest.fixture
def bare_champion(empty_registry, digits):
    """A version that does not say which images it has seen; its files."""
    config = ServingConfig(NAMES, (28, 28, 1), DEFAULT_RENDERING)
    decision = Decision("champion", "first", "the first", asked="champion")
    register_model(Classifier(digits.train(MIDDLE), config), NAME, decision, Attachments())
    (weights,) = (empty_registry / "kept").rglob("model.keras")
    return weights.parents[1]


def test_a_champion_that_cannot_be_compared_with_keeps_its_title(bare_champion, digits, decide):
    found = decide(digits, STRONG)
    assert (found["decision"], found["rule"]) == ("challenger", "unreadable")
    assert "it does not say which images it has seen" in found["reason"]
    weights = bare_champion / "artifacts" / "model.keras"
    weights.write_bytes(weights.read_bytes()[:1000])
    damaged = decide(digits, STRONG)
    assert (damaged["decision"], damaged["rule"]) == ("challenger", "unreadable")
    assert (
        "version 1, the champion, cannot be compared with: it cannot be read" in damaged["reason"]
    )
    shutil.rmtree(bare_champion)
    gone = decide(digits, STRONG)
    assert (gone["rule"], gone["champion_before"]) == ("unreadable", "1")
    assert f"its files are gone: there is no folder {bare_champion}" in gone["reason"]


def test_a_person_may_decide_otherwise_and_the_report_says_so(champion, digits, decide):
    found = decide(digits, WEAK, alias="champion")
    assert (found["decision"], found["rule"], found["asked"]) == ("champion", "forced", "champion")
    assert "the gate says challenger: worse than version 1" in found["reason"]
    assert decide(digits, STRONG, alias="challenger")["decision"] == "challenger"


def test_without_mlflow_the_decision_waits(fake_mlflow, digits, register):
    fake_mlflow("refuses")
    found = register(digits, STRONG)
    assert (found["status"], found["decision"], found["alias"]) == ("pending", "pending", "auto")
    assert "cannot be used" in found["reason"]


def test_predictions_of_another_run_are_refused(digits, run_nodes):
    values = digits.describe(MIDDLE)
    values["test_predictions"] = values["test_predictions"].iloc[1:]
    with pytest.raises(DataError, match="299 predictions and the 300 test images"):
        run_nodes(create_pipeline().only_nodes("compare_champion"), values)
