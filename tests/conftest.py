"""What several test files share: small labelled images and folders of pictures."""

import io
import json
import shutil
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import settings
from kedro.config import OmegaConfigLoader
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from PIL import Image

from onion_pipeline.drawing import fonts, lettering
from onion_pipeline.images.arrays import ArrayChunks, LabelledImages, labelled_dtype
from onion_pipeline.images.decoding.decoder import Rendering
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.backend import import_keras
from onion_pipeline.model.build import build_model
from onion_pipeline.parameters import Parameters
from onion_pipeline.serving.config import ServingConfig
from onion_pipeline.settings import CONFIG_LOADER_ARGS
from onion_pipeline.tracking import outage, runs
from onion_pipeline.training import precision as training_precision

PROJECT = Path(__file__).parents[1]
SCAN = {"conv2d": {"filters": 3, "padding": "same", "use_bias": False}}
NORMALIZE = ["batch_normalization", {"activation": {"activation": "relu"}}]
SHRINK = {"conv2d": {"filters": 5, "padding": "same", "strides": 2}}
RESIDUALS = [
    {"residual": {"layers": [SCAN, *NORMALIZE, {"residual": {"layers": [SCAN, *NORMALIZE]}}]}},
    {"residual": {"layers": [SHRINK, *NORMALIZE], "projection": True}},
    "max_pooling2d",
    "global_max_pooling2d",
]
EVERY_LAYER = [
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
SERVED = ServingConfig(
    ["leek", "onion", "shallot"],
    (8, 10, 3),
    Rendering("crop"),
    {
        "confidence_threshold": 0.4,
        "target_accuracy": 0.9,
        "set_threshold": 0.3,
        "set_coverage": 0.9,
    },
)
LAST_RESORT = "Last Resort High-Efficiency"  # Matplotlib's font that has a box for everything

# Raised inside Kedro (Pydantic 2.14) and MLflow (its import; SQLAlchemy 2.1): not ours to mend.
KNOWN = (
    "ignore:Accessing the 'model_fields' attribute on the instance:DeprecationWarning",
    "ignore:.*Any type hint is inferred as AnyType:UserWarning",
    "ignore::DeprecationWarning:mlflow",
    "ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning",
)


def pytest_configure(config: pytest.Config) -> None:
    """Let the known warnings of other projects pass, and Ctrl-C reach the runs that tests start.

    A shell lets what it starts in the background ignore it, and so would each run of a test.
    """
    for line in KNOWN:
        config.addinivalue_line("filterwarnings", line)
    signal.signal(signal.SIGINT, signal.default_int_handler)


# A slow machine is no failure, and a test that passed yesterday passes today.
settings.register_profile("steady", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("steady")


@pytest.fixture(scope="session", autouse=True)
def no_machine_decides():
    """Let no test train with ``precision: auto``, which is another one on another processor."""

    def refuse() -> bool:
        raise AssertionError("a test that trains a network says in which precision")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_precision, "multiplies_bfloat16", refuse)
        yield


@pytest.fixture(scope="module", params=["float32", "mixed_bfloat16"])
def precision(request) -> str:
    """Each of the two in which a network may learn; where hardware lacks one it is emulated."""
    return request.param


@pytest.fixture(scope="session")
def keras():
    """Keras on a quiet TensorFlow; imported once, by the first test that needs it."""
    return import_keras()


@pytest.fixture
def labelled_images() -> LabelledImages:
    """Twelve random 12x12 RGB pictures of three classes."""
    generator = np.random.default_rng(0)
    images = np.zeros(12, labelled_dtype((12, 12, 3)))
    images["image"] = generator.integers(0, 256, (12, 12, 12, 3))
    images["label"] = np.arange(12) % 3
    images["index"] = np.arange(12)
    return images


@pytest.fixture
def photo_folder(tmp_path: Path) -> Path:
    """Ten red and ten blue 16x12 JPEG pictures in one folder per class."""
    generator = np.random.default_rng(0)
    for name, channel in (("blue", 2), ("red", 0)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(10):
            pixels = generator.integers(0, 60, (12, 16, 3), dtype=np.uint8)
            pixels[..., channel] += 180
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.jpg")
    return tmp_path / "photos"


@pytest.fixture(scope="session")
def draw_photos():
    """A function that writes `count` red and as many blue pictures, one folder per class."""

    def draw(folder: Path, count: int, seed: int = 0) -> Path:
        generator = np.random.default_rng(seed)
        for name, channel in (("blue", 2), ("red", 0)):
            (folder / name).mkdir(parents=True)
            for number in range(count):
                pixels = generator.integers(0, 60, (12, 16, 3), dtype=np.uint8)
                pixels[..., channel] += 180
                Image.fromarray(pixels).save(folder / name / f"{number:02}.jpg")
        return folder

    return draw


@pytest.fixture(scope="session")
def copy_project(tmp_path_factory: pytest.TempPathFactory):
    """A function that copies the project without its data, to run and train in a precision."""

    def copy(precision: str = "float32") -> Path:
        target = tmp_path_factory.mktemp("project")
        for name in ("conf", "src"):
            ignore = shutil.ignore_patterns("__pycache__", "local")
            shutil.copytree(PROJECT / name, target / name, ignore=ignore)
        (target / "conf" / "local").mkdir()
        for name in ("pyproject.toml", ".telemetry"):
            shutil.copy(PROJECT / name, target)
        parameters = target / "conf/base/parameters_train.yml"
        written = parameters.read_text()
        forced = written.replace("precision: auto", f"precision: {precision}")
        assert forced != written
        parameters.write_text(forced)
        return target

    return copy


@pytest.fixture(scope="session")
def load_conf():
    """A function that reads the configuration of an environment as Kedro does."""

    def load(environment: str = "base", **runtime_params: str) -> OmegaConfigLoader:
        arguments = {**CONFIG_LOADER_ARGS, "default_run_env": environment}
        return OmegaConfigLoader(
            str(PROJECT / "conf"), env=environment, runtime_params=runtime_params, **arguments
        )

    return load


@pytest.fixture
def base_parameters(load_conf) -> Parameters:
    """What conf/base says."""
    return Parameters.model_validate(load_conf()["parameters"])


class Kept(MemoryDataset):
    """Keeps its value after the last node that needs it, as a file would."""

    def save(self, data: object) -> None:
        super().save(data.gather() if isinstance(data, ArrayChunks) else data)

    def _release(self) -> None:
        pass


@pytest.fixture(scope="session")
def run_nodes():
    """A function that runs a pipeline on values in memory and returns all that it makes."""

    def run(pipeline, values):
        catalog = DataCatalog({name: Kept(copy_mode="assign") for name in pipeline.datasets()})
        for name in pipeline.inputs():
            catalog.save(name, values[name])
        SequentialRunner().run(pipeline, catalog)
        return {name: catalog.load(name) for name in pipeline.all_outputs()}

    return run


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database without a run; making its tables takes seconds."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(outage.TRACKING_URI, f"sqlite:///{path}")
        runs.import_client().search_experiments()
    return path


@pytest.fixture
def mlflow_store(empty_store, tmp_path, monkeypatch) -> Path:
    """A folder with an MLflow database of its own, to which everything is tracked."""
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    monkeypatch.setenv(outage.TRACKING_URI, f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.setenv(runs.RUN_ID, "")
    monkeypatch.delenv(runs.RUN_ID)
    return tmp_path


class FakeMlflow(ThreadingHTTPServer):
    """Answers the first `good` requests as MLflow would, and then ``hangs`` or ``fails``."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, fault: str, good: int):
        super().__init__(("127.0.0.1", 0), FakeAnswer)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.fault, self.good, self.requests = fault, good, 0
        self.released = threading.Event()


class FakeAnswer(BaseHTTPRequestHandler):
    RUN: ClassVar = {"run_id": "abc", "artifact_uri": "mlflow-artifacts:/abc"}
    ANSWER = json.dumps({"experiment": {"experiment_id": "1"}, "run": {"info": RUN}}).encode()

    def answer(self) -> None:
        self.server.requests += 1
        if self.server.requests > self.server.good and self.server.fault == "hangs":
            self.server.released.wait()
            return
        is_good = self.server.requests <= self.server.good
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200 if is_good else 500)
        self.send_header("Content-Length", str(len(self.ANSWER) if is_good else 0))
        self.end_headers()
        self.wfile.write(self.ANSWER if is_good else b"")

    do_GET = do_POST = do_PUT = do_PATCH = answer  # noqa: N815

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def fake_mlflow(monkeypatch):
    """A function that starts a server to which everything is tracked, and which is soon down.

    It ``refuses`` connections, ``hangs`` or ``fails`` with 500, the last two after `good` good
    answers; MLflow asks once and waits for a second.
    """
    started = []

    def start(fault: str, good: int = 0) -> FakeMlflow:
        server = FakeMlflow(fault, good)
        if fault == "refuses":
            server.server_close()
        else:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            started.append(server)
        monkeypatch.setenv(outage.TRACKING_URI, server.address)
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        monkeypatch.setenv(runs.RUN_ID, "")
        monkeypatch.delenv(runs.RUN_ID)
        return server

    yield start
    for server in started:
        server.released.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def install_fonts(monkeypatch, tmp_path):
    """A function that makes the machine have the usual font, and one with some characters."""
    from matplotlib import font_manager

    manager = font_manager.fontManager
    usual = [font for font in manager.ttflist if font.name in ("DejaVu Sans", LAST_RESORT)]
    caches = (fonts.find_families, fonts.find_drawable, fonts._find_new_fonts)
    told = lettering._tell_missing

    def install(characters: str = "", family: str = "Made", weight: int = 400) -> None:
        path = tmp_path / f"{family}.ttf"
        paths = [_make_font(path, family, characters, weight)] if characters else []
        monkeypatch.setattr(manager, "ttflist", [*usual])
        monkeypatch.setattr(font_manager, "findSystemFonts", lambda: paths)
        _clear(manager._findfont_cached, *caches, told)

    install()
    yield install
    monkeypatch.undo()
    _clear(manager._findfont_cached, *caches, told)


def _clear(*caches) -> None:
    for cache in caches:
        cache.cache_clear()


def _make_font(path: Path, family: str, characters: str, weight: int) -> str:
    """Write a font that has a square for each of some characters."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    for corner in ((100, 700), (800, 700), (800, 0)):
        pen.lineTo(corner)
    pen.closePath()
    square, names = pen.glyph(), {each: f"u{ord(each):X}" for each in characters}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap({ord(each): name for each, name in names.items()})
    builder.setupGlyf(dict.fromkeys([".notdef", *names.values()], square))
    builder.setupHorizontalMetrics(dict.fromkeys([".notdef", *names.values()], (900, 100)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2(usWeightClass=weight)
    builder.setupPost()
    builder.save(path)
    return str(path)


@pytest.fixture(scope="session")
def config():
    """How a network of three classes is served."""
    return SERVED


@pytest.fixture(scope="session")
def network(keras):
    """An untrained network for `config`."""
    return build_model(read_layers(["flatten"]), SERVED.image_shape, 3, seed=0)


@pytest.fixture(scope="session")
def encode_picture():
    """A function that draws a picture from a seed and returns its file."""

    def encode(seed: int, size: tuple[int, ...] = (20, 13, 3), kind: str = "PNG", **options):
        pixels = np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)
        encoded = io.BytesIO()
        Image.fromarray(pixels).save(encoded, format=kind, **options)
        return encoded.getvalue()

    return encode


@pytest.fixture(scope="session")
def every_layer():
    return read_layers(EVERY_LAYER)


@pytest.fixture(scope="session")
def onion(every_layer):
    """A network for pictures of 12x10 pixels in colour and three classes."""
    return build_model(every_layer, (12, 10, 3), classes=3, seed=0)


@pytest.fixture(scope="session")
def residual(keras):
    """A network of residuals for pictures of 12x10 pixels in colour and three classes."""
    return build_model(read_layers(RESIDUALS), (12, 10, 3), classes=3, seed=0)


@pytest.fixture(scope="session")
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
