"""The registered model behind MLflow's own server, on this machine."""

import base64
import json
import socket
import threading
from urllib.request import Request, urlopen

import mlflow
import pytest
import uvicorn
from mlflow.pyfunc import scoring_server

from onion_pipeline.registry.package import write_package
from onion_pipeline.serving.classifier import Classifier


@pytest.fixture(scope="module")
def package(network, config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("package") / "model"
    write_package(folder, Classifier(network, config), mlflow.models.Model())
    return folder


@pytest.fixture(scope="module")
def ask(package):
    """A function that posts JSON to the server of ``mlflow models serve`` and reads its answer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("_MLFLOW_IS_IN_SERVING_ENVIRONMENT", "true")  # as the server sets it
        app = scoring_server.init(mlflow.pyfunc.load_model(str(package)))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = f"http://127.0.0.1:{listener.getsockname()[1]}/invocations"
            thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
            thread.start()

            def post(body):
                request = Request(address, body, {"Content-Type": "application/json"})
                with urlopen(request, timeout=60) as answer:
                    return json.loads(answer.read(), parse_constant=refuse)["predictions"]

            yield post
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive()


def refuse(constant):
    raise AssertionError(f"{constant} is not JSON")


def test_the_example_that_mlflow_shows_is_answered(ask, package, config):
    (answer,) = ask((package / "serving_input_example.json").read_bytes())
    assert answer["label"] in config.class_names
    assert answer["label"] == answer["prediction_set"][0]
    assert answer["confidence"] == answer[f"probability_{answer['label']}"]
    assert answer["abstained"] is (answer["confidence"] < 0.4)
    assert (answer["model_version"], answer["error"]) == (None, "")


def test_a_broken_picture_costs_its_own_row_and_not_the_batch(ask, encode_picture):
    data = encode_picture(0)
    text = base64.b64encode(data).decode()
    sent = [text, text[:-1], None, f"data:image/png;base64,{text}", list(data), "bm8gaW1hZ2U="]
    body = {"dataframe_split": {"columns": ["image"], "data": [[each] for each in sent]}}
    answers = ask(json.dumps(body).encode())
    reasons = [answer["error"].partition(":")[0] for answer in answers]
    assert reasons == ["", "undecodable", "empty", "", "", "unsupported_format"]
    assert answers[0] == answers[3] == answers[4]
    assert [answer["abstained"] for answer in answers if answer["error"]] == [True] * 3
    assert [answer["label"] for answer in answers if answer["error"]] == [None] * 3


@pytest.mark.parametrize(
    "form",
    [
        lambda text: {"dataframe_records": [{"image": text}, {"image": "?"}]},
        lambda text: {"inputs": {"image": [text, "?"]}},
        lambda text: {"inputs": [text, "?"]},
        lambda text: {"instances": [{"image": text}, {"image": "?"}]},
    ],
)
def test_all_forms_of_a_request_are_answered_alike(ask, encode_picture, form):
    body = form(base64.b64encode(encode_picture(0)).decode())
    good, broken = ask(json.dumps(body).encode())
    assert (good["error"], broken["error"][:11]) == ("", "undecodable")
