import gzip
import hashlib
import json
import re
import tomllib
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest

from onion_pipeline.explanation.page import rendering
from onion_pipeline.explanation.page.rendering import pack_tensors, render_page

PAGE = Path(rendering.__file__).parent
PROJECT = Path(__file__).parents[3]
SOURCES = PROJECT / "onion_report"  # what the bundle is built from
LARGEST_BUNDLE = 300_000  # bytes


@pytest.fixture
def tensors():
    generator = np.random.default_rng(0)
    return [
        generator.normal(size=(2, 3)).astype(np.float32),
        generator.integers(0, 256, (5, 1, 1), dtype=np.uint8),
        generator.normal(size=4).astype(np.float32)[::2],
    ]


def test_packed_arrays_lie_where_their_descriptions_say(tensors):
    descriptions, packed = pack_tensors(tensors)
    held = gzip.decompress(b64decode(packed))
    for tensor, each in zip(tensors, descriptions, strict=True):
        assert each["offset"] % 4 == 0
        dtype = np.dtype(each["dtype"]).newbyteorder("<")
        read = np.frombuffer(held, dtype, tensor.size, each["offset"]).reshape(each["shape"])
        np.testing.assert_array_equal(read, tensor)


def test_the_same_arrays_are_packed_into_the_same_text(tensors):
    assert pack_tensors(tensors) == pack_tensors(tensors)


def test_an_array_of_another_dtype_is_refused(tensors):
    with pytest.raises(ValueError, match="tensor 3 is float64; the page reads float32 and uint8"):
        pack_tensors([*tensors, np.zeros(2)])


def test_no_name_can_end_the_block_it_stands_in(tensors):
    name = "</script><script>alert('no')</script><!--"
    page = render_page({"title": name, "class_names": [name]}, tensors)
    (block,) = re.findall(r'id="report">(.*?)</script>', page, re.DOTALL)
    assert json.loads(block)["class_names"] == [name]
    assert name not in page


def test_numbers_that_json_does_not_know_are_refused(tensors):
    with pytest.raises(ValueError, match="not JSON compliant"):
        render_page({"title": "onion", "share": float("nan")}, tensors)


def test_the_page_refers_to_no_host(tensors):
    page = render_page({"title": "onion"}, tensors)
    assert set(re.findall(r"https?://[^\s\"'`)]+", page)) <= {"http://www.w3.org/2000/svg"}


def test_a_name_cannot_turn_round_what_follows_it():
    page = render_page({"title": "", "class_names": ["\u202eevil", "قطة"]}, [])
    (block,) = re.findall(r'id="report">(.*?)</script>', page, re.DOTALL)
    assert json.loads(block)["class_names"] == [r"\u202eevil", "قطة"]


def test_the_bundle_is_made_of_its_sources():
    sources = sorted(
        (SOURCES / "src").rglob("*.js"), key=lambda path: path.relative_to(SOURCES).as_posix()
    )
    digest = hashlib.sha256()
    for path in [*sources, SOURCES / "package-lock.json"]:
        digest.update(path.read_bytes())
    bundle = (PAGE / "bundle.js").read_text()
    assert digest.hexdigest() in bundle[:200], "bundle.js is out of date: make page"
    assert len(bundle) < LARGEST_BUNDLE


def test_every_package_in_the_bundle_has_its_licence_beside_it():
    lock = json.loads((SOURCES / "package-lock.json").read_text())["packages"]
    kept = [
        f"{folder.removeprefix('node_modules/')} {each['version']} ({each['license']})"
        for folder, each in lock.items()
        if folder and not each.get("dev")
    ]
    assert "d3-shape 3.2.1 (ISC)" in kept
    notes = (PAGE / "bundle.licences.txt").read_text()
    found = re.findall(r"^(\S+ [\d.]+ \([\w.-]+\))$", notes, re.MULTILINE)
    assert set(found) <= set(kept)
    assert len(found) == notes.count("Permission to use, copy, modify")


def test_an_installed_package_has_all_parts_of_the_page():
    config = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    shipped = config["tool"]["setuptools"]["package-data"]["onion_pipeline.explanation.page"]
    assert set(shipped) == {path.name for path in PAGE.iterdir() if path.is_file()} - {
        "__init__.py",
        "rendering.py",
    }
