"""A run that is killed again and again ends with the bytes of one that is not."""

import json
import random
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

DRIVER = Path(__file__).parent / "killed_run.py"
KILLS = 20
# Several checkpoints, and Dropout, which a resumed training must go on with.
PARAMETERS = "train.epochs=3,train.batch_size=8,augment.copies=1"
# Names an MLflow run, of which each attempt has one of its own.
OF_ONE_RUN = {"registration.json"}


def run(project, photos, node, number, *arguments, parameters=PARAMETERS):
    """Run Kedro in a process of its own, which may kill itself."""
    command = [sys.executable, str(DRIVER), node, str(number)]
    return subprocess.run(
        [*command, "--params", f"images={photos},{parameters}", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )


def read_artifacts(project):
    """Return the bytes of every artifact."""
    paths = (path for path in (project / "data").rglob("*") if path.is_file())
    return {
        str(path.relative_to(project)): path.read_bytes()
        for path in paths
        if path.name.removesuffix(".seal") not in OF_ONE_RUN and path.name[0] != "."
    }


def draw_points(counts):
    """Return at least `KILLS` pairs of a node and a number, in the order of the run."""
    generator = random.Random(0)
    nodes = [node for node in counts if node != "start"]
    longest = max(nodes, key=counts.get)
    wanted = nodes + [longest] * max(0, KILLS - len(nodes))
    points = {
        node: sorted(generator.sample(range(1, counts[node] + 1), wanted.count(node)))
        for node in nodes
    }
    return [(node, number) for node in nodes for number in points[node]]


@pytest.fixture(scope="module")
def photos(tmp_path_factory, draw_photos):
    return draw_photos(tmp_path_factory.mktemp("images") / "photos", 20)


@pytest.fixture(scope="module")
def make_project(copy_project, empty_store):
    """A function that copies the project, with a database that MLflow has made."""

    def make():
        project = copy_project()
        shutil.copy(empty_store, project / "mlflow.db")
        return project

    return make


@pytest.fixture(scope="module")
def uninterrupted(make_project, photos):
    """A project after a run that nobody stopped, and how often each node touched its files."""
    project = make_project()
    said = run(project, photos, "count", project / "counts.json")
    assert said.returncode == 0, said.stdout + said.stderr
    return project, json.loads((project / "counts.json").read_text())


def run_killed(project, photos, points):
    """Run until the end through a kill at each of `points`; return how often it was killed."""
    killed = 0
    for node, number in points:
        said = run(project, photos, node, number, "--only-missing-outputs")
        assert said.returncode in {0, -signal.SIGKILL}, said.stdout + said.stderr
        killed += said.returncode != 0
    said = run(project, photos, "nowhere", 0, "--only-missing-outputs")
    assert said.returncode == 0, said.stdout + said.stderr
    return killed


def test_a_run_that_is_killed_in_every_node_makes_the_same_bytes(
    make_project, photos, uninterrupted
):
    expected, counts = uninterrupted
    points = draw_points(counts)
    assert len(points) >= KILLS
    # Each project is killed in every other node, so that two processors have something to do.
    halves = points[::2], points[1::2]
    projects = [make_project() for _ in halves]
    with ThreadPoolExecutor(len(halves)) as threads:
        killed = list(threads.map(run_killed, projects, [photos] * len(halves), halves))
    assert sum(killed) == len(points)
    for project in projects:
        assert read_artifacts(project) == read_artifacts(expected)


def test_what_an_earlier_run_made_of_other_parameters_is_not_taken_for_missing_parts(
    make_project, photos, uninterrupted
):
    others = f"{PARAMETERS},seed=1"
    expected = make_project()
    project = make_project()
    shutil.rmtree(project / "data", ignore_errors=True)
    shutil.copytree(uninterrupted[0] / "data", project / "data")

    def fail_and_go_on():
        assert run(project, photos, "train_model", 1, parameters=others).returncode < 0
        return run(project, photos, "nowhere", 0, "--only-missing-outputs", parameters=others)

    with ThreadPoolExecutor(2) as threads:
        at_once = threads.submit(run, expected, photos, "nowhere", 0, parameters=others)
        ended = threads.submit(fail_and_go_on).result()
        assert (ended.returncode, at_once.result().returncode) == (0, 0), ended.stdout
    assert read_artifacts(project) == read_artifacts(expected)
    assert read_artifacts(project) != read_artifacts(uninterrupted[0])
