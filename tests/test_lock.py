"""What `make` installs is what is pinned, and nothing is missing of it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
LOCKS = ("requirements.txt", "requirements-dev.txt")


def test_make_installs_what_is_pinned_without_resolving_it_again():
    makefile = (PROJECT / "Makefile").read_text()
    (flags,) = re.findall(r"^INSTALL := pip install (.*)$", makefile, re.MULTILINE)
    assert {"--no-deps", "--require-hashes"} <= set(flags.split())
    installing = re.findall(r"^.* -r .*$", makefile, re.MULTILINE)
    assert len(installing) == 3  # to run, to test, and to see that the pins are whole
    assert [line for line in installing if "-m $(INSTALL) -r " not in line] == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_and_has_its_checksums(name):
    text = (PROJECT / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not re.match(r"[\w.\[\],-]+==\S+ ", line)] == []
    assert [line for line in lines if "--hash=sha256:" not in line] == []


def test_what_is_pinned_lacks_nothing_and_fits_together():
    said = subprocess.run(
        [sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stdout.strip()) == (0, "No broken requirements found.")
