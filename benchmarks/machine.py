"""On what, and with which versions, a comparison was made."""

import json
import os
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path

from benchmarks.contest import Contestant
from benchmarks.environments import find_interpreter

PROJECT = Path(__file__).parents[1]

ASK_VERSIONS = """
import json, sys
from importlib.metadata import version
print(json.dumps({name: version(name) for name in sys.argv[1:]}))
"""


def describe_machine() -> str:
    """Return the processor, cores, memory, operating system and Python in one line."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_name_processor()}, {cores} cores, {memory:.0f} GiB memory, {_name_system()}, "
        f"Python {platform.python_version()}"
    )


def _name_processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _name_system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return f"{platform.system()} {platform.release()}"


def describe_versions(contestants: Iterable[Contestant]) -> str:
    """Return the versions of the packages that the contestants name, each once."""
    found: dict[str, None] = {}
    for contestant in contestants:
        command = [find_interpreter(contestant), "-c", ASK_VERSIONS, *contestant.packages]
        answer = json.loads(subprocess.check_output(command, text=True))
        found |= {f"{name} {number}": None for name, number in answer.items()}
    return ", ".join(sorted(found))


def describe_project() -> str:
    """Return the commit of this project, and whether tracked files differ from it."""
    commit = _ask_git("rev-parse", "--short", "HEAD")
    if not commit:
        return "not under version control"
    # A status that takes no lock: someone may be committing.
    changed = _ask_git("--no-optional-locks", "status", "--porcelain", "--untracked-files=no")
    return f"{commit} with changes" if changed else commit


def _ask_git(*arguments: str) -> str:
    answer = subprocess.run(
        ["git", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()
