"""A run that is killed again and again ends with the bytes of one that is not."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # whole runs, in twenty parts

SERVER = Path(__file__).parent / "killed_run.py"
KILLS = 20
LEAST = 3  # touches of its files that a node needs to be killed between the first and the last
PARAMETERS = "train.epochs=2,train.batch_size=8,augment.copies=1"
# Names a version in MLflow, of which each project has its own.
OF_ONE_PROJECT = {"registration.json"}


class Runs:
    """Runs in one project, which may kill themselves.

    Args:
        project: its folder.
        photos: what they are about.
        server: the process that they are forks of.
    """

    def __init__(self, project, photos, server):
        self.project = project
        self._photos = photos
        self._server = server

    def run(self, *arguments, parameters=PARAMETERS, node="nowhere", number=0):
        """Run to the end, or to the kill."""
        given = ["--params", f"images={self._photos},{parameters}", *arguments]
        order = {"arguments": given, "node": node, "number": number}
        print(
            json.dumps(order | {"project": str(self.project)}),
            file=self._server.stdin,
            flush=True,
        )
        answer = json.loads(self._server.stdout.readline())
        assert answer["code"] in {0, -signal.SIGKILL}, answer["said"]
        return answer

    def run_through(self, points):
        """Run until the end through a kill at each of `points`; return those where it was.

        Each run goes as far as its point: nodes that wait for nothing of one another are done in
        another order once some are left out, and one of a later point might be done before.
        """
        missing = "--only-missing-outputs"
        killed = [
            (node, number)
            for node, number in points
            if self.run(missing, "--to-nodes", node, node=node, number=number)["code"]
        ]
        assert self.run(missing)["code"] == 0
        return killed

    def read_artifacts(self):
        """Return the bytes of every artifact; a checkpoint is none, and tells the time it took."""
        paths = (path for path in (self.project / "data").glob("*/*") if path.is_file())
        return {
            str(path.relative_to(self.project)): path.read_bytes()
            for path in paths
            if path.name.removesuffix(".seal") not in OF_ONE_PROJECT and path.name[0] != "."
        }


def draw_points(counts):
    """Return `KILLS` pairs of a node and a number, in the order of the run.

    The longest node is among them twice, the others are drawn: each as probable as another.

    Not the last touches of a node, which may come when all of it is done.
    """
    generator = random.Random(0)
    nodes = [node for node in counts if node != "start"]
    longest = max(nodes, key=counts.get)
    others = [node for node in nodes if node != longest and counts[node] > LEAST]
    wanted = [longest, longest, *generator.sample(others, KILLS - 2)]
    return [
        (node, number)
        for node in nodes
        if node in wanted
        for number in sorted(generator.sample(range(1, counts[node] - 1), wanted.count(node)))
    ]


@pytest.fixture(scope="module")
def photos(tmp_path_factory, draw_photos):
    return draw_photos(tmp_path_factory.mktemp("images") / "photos", 20)


def start_server():
    hidden = ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return subprocess.Popen(
        [sys.executable, str(SERVER)],
        env=kept | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


@pytest.fixture(scope="module")
def servers():
    """Two, so that two runs can be under way at once."""
    started = [start_server() for _ in range(2)]
    yield started
    for server in started:
        server.communicate()


@pytest.fixture(scope="module")
def start_runs(copy_project, empty_store, photos, servers):
    """A function that copies the project, with a database that MLflow has made, to run in.

    The copies take turns at the servers.
    """
    turns = cycle(servers)

    def start():
        project = copy_project()
        shutil.copy(empty_store, project / "mlflow.db")
        return Runs(project, photos, next(turns))

    return start


@pytest.fixture(scope="module")
def uninterrupted(start_runs):
    """A project after a run that nobody stopped, and how often each node touched its files."""
    runs = start_runs()
    return runs, runs.run()["counts"]


def test_a_run_that_is_killed_in_twenty_places_makes_the_same_bytes(start_runs, uninterrupted):
    expected, counts = uninterrupted
    points = draw_points(counts)
    # Each project is killed in every other place, so that two processors have something to do.
    halves = points[::2], points[1::2]
    projects = [start_runs() for _ in halves]
    with ThreadPoolExecutor(len(halves)) as threads:
        killed = list(threads.map(Runs.run_through, projects, halves))
    assert (len(points), tuple(killed)) == (KILLS, halves)
    for runs in projects:
        assert runs.read_artifacts() == expected.read_artifacts()


def test_what_an_earlier_run_made_of_other_parameters_is_not_taken_for_missing_parts(
    start_runs, uninterrupted
):
    others = f"{PARAMETERS},seed=1"
    expected, runs = start_runs(), start_runs()
    shutil.copytree(uninterrupted[0].project / "data", runs.project / "data", dirs_exist_ok=True)
    with ThreadPoolExecutor(1) as threads:
        at_once = threads.submit(expected.run, parameters=others)
        assert runs.run(parameters=others, node="train.train_model", number=9)["code"] < 0
        assert runs.run("--only-missing-outputs", parameters=others)["code"] == 0
        at_once.result()
    assert runs.read_artifacts() == expected.read_artifacts()
    assert runs.read_artifacts() != uninterrupted[0].read_artifacts()
