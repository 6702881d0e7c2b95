"""``kedro run`` that ends itself by SIGKILL in the middle of a node.

``python killed_run.py NODE NUMBER ARGUMENTS...`` does so when the node is about to touch the file
system below ``data/`` for that time: to open a file for writing, to rename or to remove one.
``python killed_run.py count FILE ARGUMENTS...`` writes how often each node does so instead.
"""

import json
import logging
import os
import signal
import sys
from collections import Counter
from pathlib import Path

from kedro.framework.cli import main

DATA = str(Path.cwd() / "data")
WRITING = os.O_WRONLY | os.O_RDWR


class Touches:
    """Counts what each node does to the files below ``data/``, and calls back before it is done."""

    def __init__(self, call_back):
        self.counts = Counter()
        self._call_back = call_back
        self._node = "start"

    def look(self, record):
        """See in a line of the log which node runs."""
        self._node = record.args[0]
        return True

    def listen(self, event, arguments):
        """Hear an audit event, https://docs.python.org/3/library/audit_events.html."""
        if event not in {"open", "os.rename", "os.remove"}:
            return
        if event == "open" and not arguments[2] & WRITING:
            return
        if str(arguments[0]).startswith(DATA):
            self.counts[self._node] += 1
            self._call_back(self._node, self.counts[self._node])


def kill_at(node, number):
    """Return what ends this process at the moment that is asked for."""

    def call_back(current, count):
        if (current, count) == (node, number):
            os.kill(os.getpid(), signal.SIGKILL)

    return call_back


def watch(call_back):
    """Call `call_back` with the node and its count before each touch."""
    touches = Touches(call_back)
    logging.getLogger("onion_pipeline.hooks.messages").addFilter(touches.look)
    sys.addaudithook(touches.listen)
    return touches


if __name__ == "__main__":
    node, number, *arguments = sys.argv[1:]
    sys.argv[1:] = ["run", *arguments]
    if node == "count":
        touches = watch(lambda current, count: None)
        try:
            main()
        finally:
            Path(number).write_text(json.dumps(touches.counts))
    else:
        watch(kill_at(node, int(number)))
        main()
