import logging
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

import pytest

from onion_pipeline.errors import InterruptedRunError
from onion_pipeline.workers.signals import hear_signals

TWICE = """
import os, signal
from onion_pipeline.workers.signals import hear_signals
with hear_signals():
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except Exception:
        os.kill(os.getpid(), signal.SIGINT)
    print("still here")
"""
FOLLOW = """
import os, subprocess, sys, time
child = '''
import os, time
from onion_pipeline.workers.signals import follow_parent
follow_parent(os.getppid())
print(os.getpid(), flush=True)
time.sleep(60)
'''
process = subprocess.Popen([sys.executable, "-c", child])
time.sleep(60)
"""
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def interrupt(number):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_is_an_error_with_the_exit_code_of_shells(number, code):
    with pytest.raises(InterruptedRunError, match="same command goes on") as caught, hear_signals():
        interrupt(number)
    assert caught.value.exit_code == code


def test_an_error_that_was_swallowed_is_raised_again():
    with hear_signals() as check:
        check()
        with suppress(Exception):
            interrupt(signal.SIGTERM)
        with pytest.raises(InterruptedRunError):
            check()


def test_a_signal_waits_while_a_line_is_logged():
    class Slow(logging.Handler):
        def emit(self, record):
            interrupt(signal.SIGINT)
            done.append("logged")

    done, logger = [], logging.Logger("slow")
    logger.addHandler(Slow())

    def work():
        with hear_signals():
            logger.warning("a line")
            done.append("went on")
            threading.Event().wait(60)

    with pytest.raises(InterruptedRunError):
        work()
    assert done == ["logged", "went on"]


def test_the_former_handlers_come_back():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with hear_signals():
        assert signal.getsignal(signal.SIGTERM) not in before
    with pytest.raises(InterruptedRunError), hear_signals():
        interrupt(signal.SIGINT)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_signal_that_is_ignored_stays_so():
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with hear_signals():
            interrupt(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, former)


def test_another_thread_cannot_listen_and_does_not_fail():
    seen = []

    def listen():
        with hear_signals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]


def test_the_second_ctrl_c_ends_the_process_at_once():
    said = subprocess.run(
        [sys.executable, "-c", TWICE], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stdout, said.stderr) == (-signal.SIGINT, "", "")


def test_a_process_ends_after_the_one_it_follows_was_killed():
    parent = subprocess.Popen(
        [sys.executable, "-c", FOLLOW], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    )
    with parent, parent.stdout:
        assert int(parent.stdout.readline())
        parent.kill()
        assert parent.stdout.read() == ""  # which ends when the last that could write has ended
