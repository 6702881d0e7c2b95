"""Run ``kedro`` with arguments: ``python with_kedro.py ARGUMENTS...``.

Runs in a copy of the project. It ends when the command does, or when the first call into
TensorFlow that trains has returned.
"""

import json
import os
import sys

from kedro.framework.cli import main  # like the command

sys.path.insert(0, "src")  # where Kedro, too, finds the project


def end_at_first_step():
    """Have this process end where training would go on."""
    from onion_pipeline.training import batches, steps

    batches.MOST_BATCHES = 1  # else the first call goes on for so many steps
    compile_training = steps.compile_training

    def compile_and_end(*arguments, **named):
        run = compile_training(*arguments, **named)
        return lambda *batches: end(run(*batches))

    steps.compile_training = compile_and_end


def end(_):
    """Say that the end is reached, and stop without any clearing up."""
    print(json.dumps({"trained": True}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    end_at_first_step()
    code = 0
    try:
        main()
    except SystemExit as stopped:  # so ends each command
        code = stopped.code or 0
    print(json.dumps({"trained": False}))
    sys.exit(code)
