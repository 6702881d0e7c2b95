"""Whatever opens a door elsewhere is in no file and on no line that a run leaves."""

import functools
import http.server
import re
import threading
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
# One for each way in which a run can come to know something that it must not tell.
CANARIES = {name: f"canary-of-{name}" for name in ("environment", "file", "user", "word", "query")}
DANGEROUS = re.compile(
    r"allow_pickle=True|pickle\.loads?\b|\.h5\b|safe_mode=False|yaml\.(?:unsafe_)?load\("
)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def address(photo_folder):
    """Where a server on this machine has the photos."""
    handler = functools.partial(QuietHandler, directory=photo_folder.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}/photos/"
        server.shutdown()
        thread.join()


@pytest.fixture
def sign(project):
    """A function that adds credentials to an address, and puts some into files."""
    (project / "conf/local/credentials.yml").write_text(f"bucket: {{key: {CANARIES['file']}}}\n")

    def sign(scheme, address):
        user = f"{CANARIES['user']}:{CANARIES['word']}"
        return f"{scheme}://{user}@{address}"

    return sign


def find_leaks(project, said):
    """Return which canaries are in what was said, and in which files of the project."""
    places = {str(path): path.read_bytes() for path in project.rglob("*") if path.is_file()}
    del places[str(project / "conf/local/credentials.yml")]
    places["what was said"] = said.encode()
    return [
        (name, place)
        for name, canary in CANARIES.items()
        for place, content in places.items()
        if canary.encode() in content
    ]


@pytest.mark.slow
def test_a_run_tells_no_credentials(start_ingest, sign, address, project, empty_store):
    environment = {"AWS_SECRET_ACCESS_KEY": CANARIES["environment"]}
    run = start_ingest(sign("http", address), **environment)
    assert run.wait() == 0, run.said
    assert (project / "mlflow.db").read_bytes() != empty_store.read_bytes()
    assert find_leaks(project, run.said) == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["http", "nosuch"])
def test_a_failure_tells_no_credentials(start_ingest, sign, project, scheme):
    query = f"?X-Amz-Signature~{CANARIES['query']}"
    run = start_ingest(sign(scheme, f"127.0.0.1:9/photos.zip{query}"))
    assert run.wait() == 1
    assert "Error: " in run.said
    assert "127.0.0.1:9/photos.zip" in run.said
    assert "Traceback" not in run.said
    assert find_leaks(project, run.said) == []


@pytest.mark.parametrize("folder", ["src", "conf"])
def test_nothing_that_is_loaded_can_hold_code(folder):
    lines = [
        f"{path.relative_to(PROJECT)}: {line.strip()}"
        for path in (PROJECT / folder).rglob("*.*")
        if path.suffix in {".py", ".yml"}
        for line in path.read_text(encoding="utf-8").splitlines()
        if DANGEROUS.search(line)
    ]
    # Of a file in HDF5 weights are read, and no layer that it describes.
    assert [line for line in lines if "backbones/weights.py" not in line] == []
