import io
import json
import os
import shutil
from pathlib import Path

import mlflow
import numpy as np
import pytest
from mlflow.artifacts import download_artifacts
from PIL import Image

from onion_pipeline.errors import RegistryError, StoreOutageError
from onion_pipeline.images.decoding.decoder import Rendering, decode_image
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.registry.attachments import Attachments
from onion_pipeline.registry.champion_rules import Decision
from onion_pipeline.registry.package import list_requirements
from onion_pipeline.registry.recorded_versions import read_version
from onion_pipeline.registry.versions import load_classifier, register_model
from onion_pipeline.serving.classifier import Classifier
from onion_pipeline.serving.config import ServingConfig
from onion_pipeline.serving.payloads import read_payload
from onion_pipeline.tracking import runs
from onion_pipeline.tracking.mlflow_client import import_client
from onion_pipeline.tracking.outage import TRACKING_URI

pytestmark = pytest.mark.slow  # an MLflow store for each test

NAME, SHAPE = "onions", (8, 10, 3)
CONFIG = ServingConfig(
    ["leek", "onion", "shallot"], SHAPE, Rendering("crop"), {"set_threshold": 0.3}
)
URI = f"models:/{NAME}@champion"
FIRST = Decision("champion", "first", "the first")
WORSE = Decision("challenger", "worse", "worse than version 1", "auto", "1")
AGAIN = Decision("champion", "same_model", "it is version 1 again", "auto", "1")
FORCED = Decision("champion", "forced", "asked for", "champion", "1")
ATTACHMENTS = Attachments({"kind": "bulbs"}, "# Onions", {"promotion.json": b"{}"})


def make_model(seed):
    layers = read_layers(["flatten", {"dense": {"units": 8, "activation": "relu"}}])
    return build_model(layers, SHAPE, len(CONFIG.class_names), seed=seed)


@pytest.fixture(scope="module")
def models(keras):
    """Two networks with the same layers and other weights."""
    return [make_model(seed) for seed in (0, 1)]


@pytest.fixture(scope="module")
def model(models):
    return models[0]


@pytest.fixture(scope="module")
def registered(models, empty_store, tmp_path_factory):
    """A store to which two models were registered in one run, and what was said."""
    folder = tmp_path_factory.mktemp("registry")
    shutil.copy(empty_store, folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(TRACKING_URI, f"sqlite:///{folder / 'mlflow.db'}")
        patch.setenv(runs.RUN_ID, runs.start_run(NAME, "run", folder / "kept", {}, {}))
        decisions = zip(models, (FIRST, WORSE), strict=True)
        yield (
            folder,
            [
                register_model(Classifier(each, CONFIG), NAME, decision, ATTACHMENTS)
                for each, decision in decisions
            ],
        )


@pytest.fixture
def store(registered, tmp_path, monkeypatch):
    """A store with the two versions, to which more may be done."""
    shutil.copytree(registered[0], tmp_path / "copy")
    monkeypatch.setenv(TRACKING_URI, f"sqlite:///{tmp_path / 'copy' / 'mlflow.db'}")
    return registered[1]


def list_versions(name=NAME):
    found = import_client().search_model_versions(f"name = '{name}'")
    return sorted(str(each.version) for each in found)


def find_package(version):
    return Path(download_artifacts(f"models:/{NAME}/{version}"))


@pytest.fixture(scope="module")
def classifier(registered):
    return load_classifier(URI)


def encode(pixels, kind="PNG"):
    encoded = io.BytesIO()
    Image.fromarray(pixels).save(encoded, format=kind)
    return encoded.getvalue()


@pytest.fixture(scope="module")
def pictures():
    """Three encoded pictures of other sizes than the model takes."""
    generator = np.random.default_rng(0)
    sizes = [(20, 13, 3), (8, 10, 3), (31, 16)]
    return [encode(generator.integers(0, 256, size, dtype=np.uint8)) for size in sizes]


def get_probabilities(table):
    return table[[f"probability_{name}" for name in CONFIG.class_names]].to_numpy(float)


def test_versions_get_the_aliases_that_were_decided(registered):
    _, versions = registered
    assert [each.reason for each in versions] == ["the first", "worse than version 1"]
    assert [each.decision for each in versions] == ["champion", "challenger"]
    assert [(each.version, each.alias) for each in versions] == [
        ("1", "champion"),
        ("2", "challenger"),
    ]
    assert versions[0].uri == f"models:/{NAME}/1"
    aliases = import_client().get_registered_model(NAME).aliases
    assert {name: str(number) for name, number in aliases.items()} == {
        "champion": "1",
        "challenger": "2",
    }


def test_a_version_belongs_to_the_run_under_way(registered):
    client = import_client()
    (experiment,) = [e for e in client.search_experiments() if e.name == NAME]
    (run,) = client.search_runs([experiment.experiment_id])
    assert {each.run_id for each in registered[1]} == {run.info.run_id}
    assert client.get_model_version(NAME, "1").run_id == run.info.run_id


def test_an_alias_that_is_asked_for_is_given(store):
    third = register_model(Classifier(make_model(seed=2), CONFIG), NAME, FORCED, ATTACHMENTS)
    assert (third.version, third.alias) == ("3", "champion")
    assert str(import_client().get_model_version_by_alias(NAME, "champion").version) == "3"


@pytest.mark.parametrize(
    ("which", "decision", "expected"),
    [
        (0, AGAIN, ("1", "champion")),
        (0, WORSE, ("1", "champion")),
        (1, WORSE, ("2", "challenger")),
        (1, FORCED, ("2", "champion")),
    ],
)
def test_the_same_model_is_registered_once(store, models, which, decision, expected):
    again = register_model(Classifier(models[which], CONFIG), NAME, decision, Attachments())
    assert (again.version, again.alias) == expected
    assert again.run_id == store[which].run_id
    assert str(import_client().get_model_version_by_alias(NAME, expected[1]).version) == expected[0]
    assert list_versions() == ["1", "2"]


def test_the_same_weights_with_other_preprocessing_are_another_version(store, model):
    other = CONFIG._replace(rendering=Rendering("pad"))
    assert register_model(Classifier(model, other), NAME, WORSE, ATTACHMENTS).version == "3"


def test_a_version_carries_its_attachments(registered):
    version = import_client().get_model_version(NAME, "1")
    assert version.description == "# Onions"
    assert {name: version.tags[name] for name in ("kind", "gate.reason", "checksum")} == {
        "kind": "bulbs",
        "gate.reason": "the first",
        "checksum": registered[1][0].checksum,
    }
    files = (find_package("1") / "attachments").iterdir()
    assert {path.name: path.read_bytes() for path in files} == {"promotion.json": b"{}"}


def test_a_decision_that_waits_for_mlflow_registers_nothing(store, model):
    waiting = Decision("pending", "outage", "MLflow has gone.", "challenger")
    pending = register_model(Classifier(make_model(seed=2), CONFIG), NAME, waiting, ATTACHMENTS)
    assert (pending.status, pending.decision) == ("pending", "pending")
    assert (pending.alias, pending.reason) == ("challenger", "MLflow has gone.")
    assert list_versions() == ["1", "2"]


STEPS = [
    "create_logged_model",
    "log_outputs",
    "log_model_artifacts",
    "finalize_logged_model",
    "create_registered_model",
    "create_model_version",
    "get_registered_model",
    "get_model_version",
    "set_model_version_tag",
    "set_registered_model_alias",
]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("is_done", [False, True])
def test_an_attempt_that_died_is_repeated_without_a_second_version(
    mlflow_store, model, monkeypatch, step, is_done
):
    """Before the step, or after it, when the answer no longer arrived."""
    client = type(import_client())
    whole = getattr(client, step)

    def die(*arguments, **options):
        if is_done:
            whole(*arguments, **options)
        raise ConnectionResetError("the server has gone")

    with monkeypatch.context() as patch:
        patch.setattr(client, step, die)
        pending = register_model(Classifier(model, CONFIG), NAME, FIRST, ATTACHMENTS)
    assert (pending.status, pending.command) == ("pending", "kedro run --pipelines register")
    assert "the server has gone" in pending.reason
    later = register_model(Classifier(model, CONFIG), NAME, FIRST, ATTACHMENTS)
    assert later == register_model(Classifier(model, CONFIG), NAME, FIRST, ATTACHMENTS)
    assert (later.version, later.alias, later.status) == ("1", "champion", "registered")
    assert later.checksum == pending.checksum
    assert list_versions() == ["1"]
    version = import_client().get_model_version_by_alias(NAME, "champion")
    assert str(version.version) == "1"
    assert import_client().get_run(version.run_id).info.run_id == later.run_id
    assert (version.tags["gate.rule"], version.tags["kind"]) == ("first", "bulbs")


def test_of_equal_versions_the_one_with_the_highest_number_counts_whatever_the_clock_says(
    mlflow_store, model, monkeypatch
):
    register_model(Classifier(model, CONFIG), NAME, FORCED, ATTACHMENTS)
    client = import_client()
    first = client.get_model_version(NAME, "1")
    monkeypatch.setattr(
        "mlflow.store.model_registry.sqlalchemy_store.get_current_time_millis", lambda: 1
    )
    for _ in range(9):  # as somebody may make by hand; 10 is less than 9 as a text
        client.create_model_version(NAME, first.source, first.run_id, tags=first.tags)
    assert register_model(Classifier(model, CONFIG), NAME, WORSE, ATTACHMENTS).version == "10"


def test_a_version_whose_files_are_gone_is_named_and_made_anew(mlflow_store, model, monkeypatch):
    run_id = runs.start_run(NAME, "run", mlflow_store / "kept", {}, {})
    monkeypatch.setenv(runs.RUN_ID, run_id)
    register_model(Classifier(model, CONFIG), NAME, FIRST, ATTACHMENTS)
    kept = list((mlflow_store / "kept" / "models").iterdir())
    shutil.rmtree(mlflow_store / "kept")
    for uri in (URI, f"models:/{NAME}/1"):
        with pytest.raises(RegistryError, match="its files are gone: there is no folder") as error:
            load_classifier(uri)
        assert str(kept[0]) in str(error.value)
    with pytest.raises(RegistryError, match=r"cannot be verified: its files are gone.*kedro run"):
        read_version(URI)
    anew = register_model(Classifier(model, CONFIG), NAME, AGAIN, ATTACHMENTS)
    assert (anew.version, anew.alias) == ("2", "champion")
    assert load_classifier(URI).version == "2"
    assert register_model(Classifier(model, CONFIG), NAME, AGAIN, ATTACHMENTS).version == "2"


def test_a_version_is_never_asked_for_twice(mlflow_store, model, monkeypatch):
    client = type(import_client())
    whole, seen = client.create_model_version, []

    def look(*arguments, **options):
        seen.append(os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"])
        return whole(*arguments, **options)

    monkeypatch.setattr(client, "create_model_version", look)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    register_model(Classifier(model, CONFIG), NAME, FIRST, ATTACHMENTS)
    assert seen == ["0"]
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "3"


def test_a_name_that_mlflow_refuses_is_an_error(mlflow_store, model):
    with pytest.raises(RegistryError, match="refuses") as caught:
        register_model(Classifier(model, CONFIG), " ", FIRST, ATTACHMENTS)
    assert not isinstance(caught.value, StoreOutageError)


@pytest.mark.parametrize("fault", ["refuses", "hangs", "fails"])
def test_a_store_that_is_down_leaves_the_model_pending_and_cannot_be_loaded_from(
    fake_mlflow, model, fault
):
    address = fake_mlflow(fault).address
    pending = register_model(Classifier(model, CONFIG), NAME, FIRST, ATTACHMENTS)
    assert pending.status == "pending"
    assert f"MLflow at {address} cannot be used" in pending.reason
    with pytest.raises(StoreOutageError, match="run this again") as caught:
        load_classifier(URI)
    assert [
        part for part in (address, URI, "MLFLOW_TRACKING_URI") if part not in str(caught.value)
    ] == []


def test_a_version_has_signature_input_example_and_requirements(registered):
    package = mlflow.pyfunc.load_model(URI)
    signature = package.metadata.signature
    assert [(column.name, column.type.name) for column in signature.inputs] == [("image", "string")]
    assert [(column.name, str(column.type)) for column in signature.outputs] == [
        ("label", "DataType.string"),
        ("confidence", "DataType.double"),
        ("probability_leek", "DataType.double"),
        ("probability_onion", "DataType.double"),
        ("probability_shallot", "DataType.double"),
        ("prediction_set", "Array(string)"),
        ("abstained", "DataType.boolean"),
        ("model_version", "DataType.string"),
        ("error", "DataType.string"),
    ]
    (example,) = package.input_example["image"]
    assert decode_image(read_payload(example), SHAPE, Rendering("crop")).shape == SHAPE


def test_a_version_carries_class_names_preprocessing_and_code(registered):
    root = find_package("1")
    assert json.loads((root / "artifacts" / "serving.json").read_text()) == {
        "class_names": CONFIG.class_names,
        "image_shape": list(SHAPE),
        "rendering": Rendering("crop")._asdict(),
        "operating_point": CONFIG.operating_point,
    }
    assert (root / "code" / "onion_pipeline" / "images" / "decoding" / "decoder.py").is_file()
    assert (root / "requirements.txt").read_text().split() == list_requirements()
    assert {path.suffix for path in (root / "artifacts").iterdir()} == {".keras", ".json"}
    assert [path for path in root.rglob("*") if path.suffix in {".pkl", ".pickle"}] == []


def test_the_champion_gives_the_probabilities_of_the_network(classifier, model, pictures):
    answers = classifier.classify(pictures)
    decoded = np.stack([decode_image(data, SHAPE, Rendering("crop")) for data in pictures])
    expected = model.predict_on_batch(decoded)
    np.testing.assert_array_equal(get_probabilities(answers).astype(np.float32), expected)
    assert list(answers["label"]) == [CONFIG.class_names[i] for i in expected.argmax(axis=1)]
    np.testing.assert_array_equal(answers["confidence"].astype(np.float32), expected.max(axis=1))
    assert set(answers["error"]) == {""}


def test_a_broken_picture_costs_only_its_own_row(classifier, pictures):
    whole = classifier.classify(pictures)
    with_broken = [pictures[0], b"not a picture", *pictures[1:]]
    answers = classifier.classify(with_broken)
    broken = answers.iloc[1]
    assert broken["error"] != ""
    assert broken["abstained"]
    assert broken["model_version"] == "1"
    assert broken.drop(["abstained", "model_version", "error"]).isna().all()
    others = answers.drop(index=1).reset_index(drop=True)
    np.testing.assert_allclose(get_probabilities(others), get_probabilities(whole), rtol=1e-6)
    assert set(others["error"]) == {""}


def test_a_table_of_broken_pictures_is_answered_too(classifier):
    answers = classifier.classify([b"one", b"two"])
    assert answers["label"].isna().all()
    assert (answers["error"] != "").all()


def test_an_unknown_model_is_named_with_the_way_out(registered):
    for uri in ("models:/nothing@champion", f"models:/{NAME}@nobody", f"models:/{NAME}/99"):
        with pytest.raises(RegistryError, match="kedro run") as caught:
            load_classifier(uri)
        assert uri in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "number"),
    [(f"models:/{NAME}/2", "2"), (URI, "1"), (f"models:/{NAME}@challenger", "2")],
)
def test_a_version_is_loaded_by_number_or_alias_and_knows_which_it_is(
    registered, pictures, uri, number
):
    classifier = load_classifier(uri)
    assert classifier.version == number
    assert set(classifier.classify(pictures)["model_version"]) == {number}
