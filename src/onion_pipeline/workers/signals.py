"""How a run ends before its time, and its processes with it."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from onion_pipeline.errors import InterruptedRunError

NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
# Packages that take any error in them for their own and go on.
SWALLOWING = frozenset({"kedro_viz", "logging"})
DELAY = 0.1  # seconds until they have finished, probably


@contextmanager
def hear_signals() -> Iterator[Callable[[], None]]:
    """Raise :class:`InterruptedRunError` where this block is when Ctrl-C or SIGTERM arrives.

    A second one ends the process at once. Signals that are ignored stay so, and threads other
    than the first cannot listen.

    Yields:
        What raises the error again, if there was one: somebody may have taken it for their own.
    """
    heard = [number for number in NAMES if signal.getsignal(number) != signal.SIG_IGN]
    if threading.current_thread() is not threading.main_thread():
        heard = []
    process = os.getpid()
    errors: list[InterruptedRunError] = []

    def check() -> None:
        for error in errors:
            raise error

    def stop(number: int, frame: FrameType | None) -> None:
        if _would_be_swallowed(frame):
            again = threading.Timer(DELAY, os.kill, (os.getpid(), number))
            again.daemon = True
            again.start()
            return
        for each in heard:
            signal.signal(each, signal.SIG_DFL)
        if os.getpid() != process:
            raise SystemExit(128 + number)  # a process that was forked off ends without a word
        error = InterruptedRunError(
            f"Stopped by {NAMES[signal.Signals(number)]}. Every file that was finished is kept, "
            "and none is half-written; the same command goes on from there."
        )
        error.exit_code = 128 + number  # as shells have it
        errors.append(error)
        check()

    former = {number: signal.signal(number, stop) for number in heard}
    try:
        yield check
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def follow_parent(parent: int) -> None:
    """Let this process end within a second of number `parent`, its starter, however that ends.

    A worker would else wait for ever for a job from a process that was killed.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _would_be_swallowed(frame: FrameType | None) -> bool:
    while frame:
        if frame.f_globals.get("__name__", "").partition(".")[0] in SWALLOWING:
            return True
        frame = frame.f_back
    return False
