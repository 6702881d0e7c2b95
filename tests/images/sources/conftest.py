"""What the tests of several kinds of source share: archives, and servers on this machine."""

import io
import re
import tarfile
import threading
import zipfile
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

FILES = {"cats/1.jpg": b"a cat", "cats/2.jpg": b"two cats", "dogs/1.jpg": b"a dog"}


@pytest.fixture
def files() -> dict[str, bytes]:
    """Names and contents of a few files in two folders."""
    return dict(FILES)


@pytest.fixture(scope="session")
def write_files():
    """A function that writes files into a folder."""

    def write(folder: Path, files: Mapping[str, bytes] = FILES) -> Path:
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return folder

    return write


@pytest.fixture(scope="session")
def pack_zip():
    """A function that writes a zip archive of files."""

    def pack(
        path: Path, files: Mapping[str, bytes] = FILES, method: int = zipfile.ZIP_DEFLATED
    ) -> Path:
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return path

    return pack


@pytest.fixture(scope="session")
def pack_tar():
    """A function that writes a tar archive of files, and of members that are no files."""

    def pack(
        path: Path,
        files: Mapping[str, bytes] = FILES,
        mode: str = "w",
        others: Mapping[str, tuple[bytes, str]] | None = None,
        layout: int = tarfile.PAX_FORMAT,
    ) -> Path:
        with tarfile.open(path, mode, format=layout) as archive:
            for name, data in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
            for name, (kind, target) in (others or {}).items():
                member = tarfile.TarInfo(name)
                member.type, member.linkname = kind, target
                archive.addfile(member)
        return path

    return pack


@pytest.fixture
def pack_files(tmp_path, write_files, pack_zip, pack_tar):
    """A function that writes files as a ``folder``, ``zip``, ``tar`` or ``tar.gz``."""

    def pack(kind: str, files: Mapping[str, bytes] = FILES) -> Path:
        path = tmp_path / f"photos.{kind}"
        if kind == "folder":
            return write_files(path, files)
        if kind == "zip":
            return pack_zip(path, files)
        return pack_tar(path, files, "w:gz" if kind == "tar.gz" else "w")

    return pack


@pytest.fixture
def temporary_folder(tmp_path, monkeypatch) -> Path:
    """A folder of its own for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


class WebHandler(SimpleHTTPRequestHandler):
    """Serves files, and parts of them unless `ranges` is false, to whoever says the password."""

    ranges = True

    def log_message(self, *_args) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        path = Path(self.translate_path(self.path))
        if not (self.ranges and wanted and path.is_file()):
            return super().do_GET()
        data = path.read_bytes()
        start, stop = int(wanted[1]), int(wanted[2] or len(data) - 1) + 1
        part = data[start:stop]
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Length", str(len(part)))
        self.send_header("Content-Range", f"bytes {start}-{start + len(part) - 1}/{len(data)}")
        self.end_headers()
        return self.wfile.write(part)


@pytest.fixture
def serve():
    """A function that serves a folder on this machine and returns its address."""
    servers = []

    def start(folder: Path, handler: type[WebHandler] = WebHandler) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def web_without_ranges() -> type[WebHandler]:
    """A web server that always sends whole files."""
    return type("WebWithoutRanges", (WebHandler,), {"ranges": False})


@pytest.fixture
def memory():
    """The file system in memory, empty."""
    import fsspec

    filesystem = fsspec.filesystem("memory")
    yield filesystem
    filesystem.store.clear()
    filesystem.pseudo_dirs[:] = [""]


@pytest.fixture(scope="session")
def hostile_archives() -> dict[str, bytes]:
    """Archives that strangers made to do harm; nothing of them is unpacked to disk."""
    path = Path(__file__).parents[4] / "shared" / "data" / "hostile-images.tar.gz"
    if not path.exists():
        pytest.skip(f"the hostile archives are not on this machine: {path}")
    with tarfile.open(path) as archive:
        return {
            Path(member.name).name: archive.extractfile(member).read()
            for member in archive
            if "/zip/" in member.name and member.isfile()
        }
