"""Compare this project with other tools: ``python -m benchmarks.compare --help``."""

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from benchmarks import figures, machine
from benchmarks.contest import Benchmark, Contestant
from benchmarks.environments import find_interpreter
from benchmarks.figures import Runs
from benchmarks.ingest.benchmark import create_ingest, create_memory
from benchmarks.measure import Run, run_command

HERE = Path(__file__).parent
WORK = HERE / ".work"

Options = argparse.Namespace

# A new benchmark is a function here: options of the command line and a folder to work in.
BENCHMARKS: dict[str, Callable[[Options, Path], Benchmark]] = {
    "ingest": create_ingest,
    "memory": create_memory,
}

HEADER = """# Results

Written by `make bench`; what is compared, and how, is in [README.md](README.md). Each figure is
the median over the rounds with the smallest and the largest in brackets; each ratio is that of
the medians, with the range of the ratios within each round: above 1, the contestant of that row
took more. Where time is measured, memory is that of one more run, which is not timed.
"""


def main() -> None:
    """Run the benchmarks that the command line names, and end with a message if one fails."""
    options = parse_options()
    try:
        compare(options)
    except (ValueError, RuntimeError, FileNotFoundError) as error:
        raise SystemExit(f"{error}") from error


def compare(options: Options) -> None:
    """Run the benchmarks and write their sections of the results."""
    WORK.mkdir(exist_ok=True)
    for name in options.benchmarks:
        benchmark = BENCHMARKS[name](options, WORK)
        if options.only:
            benchmark = select_contestants(benchmark, options.only)
        section = run_benchmark(benchmark, options.rounds, WORK)
        section += f"\nWritten on {date.today()} by `{describe_command(name, options)}`.\n"
        write_section(options.results, name, section)
        print(f"\n{section}\nWritten to {options.results}", flush=True)


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Return the options of the command line, or of `arguments`."""
    parser = argparse.ArgumentParser("python -m benchmarks.compare", description=__doc__)
    add = parser.add_argument
    add("benchmarks", nargs="*", help=f"which of {', '.join(BENCHMARKS)} (all)")
    add("--data", required=True, help="folder or tar archive with pictures in .../<class>/")
    add("--images", type=int, default=60_000, help="how many of them (%(default)s)")
    add("--rounds", type=int, default=5, help="timed runs of each contestant (%(default)s)")
    add("--only", nargs="+", metavar="NAME", help="contestants whose names begin so")
    add("--results", type=Path, default=HERE / "RESULTS.md", help="file to write (%(default)s)")
    options = parser.parse_args(arguments)
    if unknown := set(options.benchmarks) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {list(BENCHMARKS)}")
    if not (options.data and Path(options.data).exists()):
        parser.error(f"no pictures at {options.data!r}; where are they? make bench DATA=path")
    if options.rounds < 1:
        parser.error(f"--rounds is {options.rounds}; it must be at least 1")
    options.data = Path(options.data)
    options.benchmarks = options.benchmarks or list(BENCHMARKS)
    return options


def describe_command(name: str, options: Options) -> str:
    """Return the command for one benchmark, without the paths of this machine."""
    only = ["--only", *options.only] if options.only else []
    numbers = f"--data PATH --images {options.images} --rounds {options.rounds}"
    return " ".join(["python -m benchmarks.compare", name, numbers, *only])


def select_contestants(benchmark: Benchmark, prefixes: Sequence[str]) -> Benchmark:
    """Return the benchmark with those contestants whose names begin with one of `prefixes`."""
    chosen = [one for one in benchmark.contestants if one.name.startswith(tuple(prefixes))]
    names = [one.name for one in chosen]
    if not chosen:
        raise ValueError(f"No contestant of {benchmark.name} begins with {' or '.join(prefixes)}")
    references = [name for name in benchmark.references if name in names]
    return replace(benchmark, contestants=chosen, references=references)


def run_benchmark(benchmark: Benchmark, rounds: int, work: Path) -> str:
    """Run all contestants alternately and return the section of the results.

    First the round in which memory is sampled, which also fills the disk's cache; then those
    that are timed. If nothing is timed, memory is sampled in each round.

    Raises:
        ValueError: the contestants disagree about what they have done.
    """
    sampled = run_rounds(benchmark.contestants, 1 if benchmark.timed else rounds, work, True)
    timed = run_rounds(benchmark.contestants, rounds if benchmark.timed else 0, work, False)
    check_answers([*sampled.values(), *timed.values()], benchmark.tolerances)
    return describe_results(benchmark, timed, sampled)


def run_rounds(
    contestants: Sequence[Contestant], rounds: int, work: Path, sample_memory: bool
) -> dict[str, list[Run]]:
    """Return the runs of each contestant; each round begins with another one.

    One after the other in each round, since a machine is faster in one minute than in the next.
    """
    runs: dict[str, list[Run]] = {contestant.name: [] for contestant in contestants}
    for number in range(rounds):
        first = number % len(contestants)
        for contestant in [*contestants[first:], *contestants[:first]]:
            command = [find_interpreter(contestant), *contestant.arguments]
            contestant.prepare()
            run = run_command(command, contestant.folder, work, sample_memory)
            runs[contestant.name].append(run)
            kind = "memory" if sample_memory else "time"
            print(f"{kind}, round {number + 1}: {contestant.name}, {run.seconds:.1f} s", flush=True)
    return runs


def check_answers(runs: Sequence[Sequence[Run]], tolerances: dict[str, float]) -> None:
    """Hold the contestants to the same work.

    Raises:
        ValueError: numbers of the answers differ by more than is tolerated.
    """
    for key, tolerance in tolerances.items():
        values = [run.answer[key] for some in runs for run in some]
        if math.isnan(sum(values)) or max(values) - min(values) > tolerance:
            raise ValueError(f"{key} differs by more than {tolerance} among contestants: {values}")


def describe_results(benchmark: Benchmark, timed: Runs, sampled: Runs) -> str:
    """Return the section of the results: figures, ratios, versions, machine and commands."""
    columns = [(figure, timed) for figure in benchmark.timed]
    columns += [(figure, sampled) for figure in benchmark.sampled]
    rounds = len(next(iter((timed if benchmark.timed else sampled).values())))
    parts = [benchmark.purpose, figures.tabulate_values(columns)]
    compared = [(figure, runs) for figure, runs in columns if figure.compared]
    parts += [figures.tabulate_ratios(compared, name) for name in benchmark.references]
    parts.append(
        f"- Rounds: {rounds}\n- Machine: {machine.describe_machine()}\n"
        f"- Versions: {machine.describe_versions(benchmark.contestants)}\n"
        f"- This project: {machine.describe_project()}\n- Commands:\n"
        + "\n".join(f"  - {one.name}: `{one.shown}`" for one in benchmark.contestants)
    )
    return "\n".join(f"{part.strip()}\n" for part in parts)


def write_section(results: Path, name: str, section: str) -> None:
    """Put `section` in the place of the one of that name, and leave the others as they are."""
    parts = results.read_text().split("\n## ")[1:] if results.is_file() else []
    sections = dict(part.split("\n", 1) for part in parts)
    sections[name] = f"\n{section.strip()}\n"
    text = "".join(f"\n## {title}\n{body.rstrip()}\n" for title, body in sections.items())
    results.write_text(HEADER + text)


if __name__ == "__main__":
    main()
