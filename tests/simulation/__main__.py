"""All simulations in their long form, as Markdown tables: ``python -m tests.simulation``.

Each ``test_<what>.py`` beside this has functions ``simulate_<what>(repeats, ...)`` that return rows
(named tuples or a data frame); the defaults of their other arguments are the long form's.
"""

import importlib
import sys
from pathlib import Path

import pandas as pd

REPEATS = 2000


def list_simulations():
    """Yield the functions of all modules of this folder that simulate something."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        module = importlib.import_module(f"tests.simulation.{path.stem}")
        for name, function in vars(module).items():
            if name.startswith("simulate_") and function.__module__ == module.__name__:
                yield function


def format_table(rows):
    """Return rows as a Markdown table."""
    table = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    cells = table.astype(object).to_numpy().tolist()  # whole numbers stay whole
    lines = [list(table.columns), ["---"] * len(table.columns), *cells]
    return "\n".join(f"| {' | '.join(map(_format_cell, line))} |" for line in lines)


def _format_cell(value):
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def main(names):
    for simulate in list_simulations():
        if not names or simulate.__name__.removeprefix("simulate_") in names:
            print(f"## {simulate.__name__.removeprefix('simulate_').replace('_', ' ')}\n")
            print(format_table(simulate(REPEATS)), end="\n\n", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
