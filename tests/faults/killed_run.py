"""Runs of Kedro that end themselves by SIGKILL in the middle of a node.

Reads orders from standard input, one line of JSON each: the folder of the project, the arguments
of ``kedro run``, a node and a number. The run ends when that node is about to touch the file
system below ``data/`` for that time: to open a file for writing, to rename or to remove one.
Answers with a line: the exit code, what was said, and how often each node has done so.

Each run is a fork of this process, which has imported what takes seconds, and nothing of the
project.
"""

import importlib
import json
import logging
import os
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

WRITING = os.O_WRONLY | os.O_RDWR
SLOW_IMPORTS = (
    "albumentations",
    "kedro.framework.cli.cli",
    "kedro.framework.session",
    "kedro_viz.integrations.kedro.hooks",
    "matplotlib.figure",
    "mlflow.pyfunc",
    "mlflow.store.model_registry.sqlalchemy_store",
    "mlflow.store.tracking.sqlalchemy_store",
    "pandas",
    "plotly.graph_objects",
    "pyarrow.parquet",
    "scipy.stats",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "keras",
)


class Touches:
    """Counts what each node does to the files below a folder, and kills at one of these moments."""

    def __init__(self, folder, node, number):
        self.counts = Counter()
        self._folder = str(folder)
        self._last = node, number
        self._node = "start"

    def look(self, record):
        """See in a line of the log which node runs."""
        if record.args:
            self._node = record.args[0]
        return True

    def listen(self, event, arguments):
        """Hear an audit event, https://docs.python.org/3/library/audit_events.html."""
        if event not in {"open", "os.rename", "os.remove"}:
            return
        if event == "open" and not arguments[2] & WRITING:
            return
        if str(arguments[0]).startswith(self._folder):
            self.counts[self._node] += 1
            if (self._node, self.counts[self._node]) == self._last:
                os.kill(os.getpid(), signal.SIGKILL)


def run(order, counts):
    """Be ``kedro run``; leave in the file `counts` what each node has done, and end the process."""
    from kedro.framework.cli import main

    code = 1
    os.chdir(order["project"])
    touches = Touches(Path.cwd() / "data", order["node"], order["number"])
    logging.getLogger("onion_pipeline.hooks.messages").addFilter(touches.look)
    sys.addaudithook(touches.listen)
    sys.argv = ["kedro", "run", *order["arguments"]]
    try:
        main()
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        Path(counts).write_text(json.dumps(touches.counts))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # what is left to do belongs to the process that was forked


def fork_run(order):
    """Run in a fork, and return what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        said, counts = Path(folder) / "said.txt", Path(folder) / "counts.json"
        child = os.fork()
        if not child:
            descriptor = os.open(said, os.O_WRONLY | os.O_CREAT)
            os.dup2(descriptor, 1)
            os.dup2(descriptor, 2)
            run(order, counts)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        counted = json.loads(counts.read_text()) if counts.exists() else {}
        return {"code": code, "said": said.read_text(), "counts": counted}


if __name__ == "__main__":
    for name in SLOW_IMPORTS:
        importlib.import_module(name)
    for line in sys.stdin:
        print(json.dumps(fork_run(json.loads(line))), flush=True)
    os._exit(0)  # without the seconds in which all that was imported is cleared away
