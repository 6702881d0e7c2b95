"""Compare this project with other tools: ``python -m benchmarks.compare --help``."""

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

from benchmarks import figures, machine
from benchmarks.accuracy_per_minute.benchmark import create_minutes
from benchmarks.augment.benchmark import create_augment
from benchmarks.contest import Benchmark, Contestant
from benchmarks.environments import find_interpreter
from benchmarks.figures import Runs
from benchmarks.ingest.benchmark import create_ingest, create_memory
from benchmarks.measure import Run, run_command
from benchmarks.precision.benchmark import create_precision
from benchmarks.sections import write_section
from benchmarks.startup.benchmark import create_startup
from benchmarks.step.benchmark import create_step
from benchmarks.training.benchmark import create_training
from benchmarks.transfer.benchmark import create_transfer

HERE = Path(__file__).parent
WORK = HERE / ".work"

Options = argparse.Namespace


class Entry(NamedTuple):
    """A benchmark that can be asked for.

    Args:
        create: options of the command line and a folder to work in, to the benchmark.
        paths: the options that say where its pictures are, if it needs any.
        numbers: the options that it depends on.
    """

    create: Callable[[Options, Path], Benchmark]
    paths: Sequence[str] = ()
    numbers: Sequence[str] = ()


# A new benchmark is an entry here.
BENCHMARKS = {
    "ingest": Entry(create_ingest, ["data"], ["images"]),
    "memory": Entry(create_memory, ["data"], ["images"]),
    "training": Entry(
        create_training, ["digits"], ["training-images", "epochs", "seeds", "accuracy"]
    ),
    "augment": Entry(create_augment, numbers=["seconds"]),
    "step": Entry(create_step, numbers=["seconds"]),
    "precision": Entry(create_precision, numbers=["seconds"]),
    "startup": Entry(create_startup),
    "transfer": Entry(
        create_transfer, ["data"], ["photographs", "tuning-epochs", "peer-epochs", "seeds"]
    ),
    "accuracy_per_minute": Entry(create_minutes, ["data", "digits"], ["minutes", "seeds"]),
}

# Everything in less than ten minutes, to see that it runs: no figure of it means much.
SHORT = {
    "images": 3000,
    "rounds": 1,
    "training_images": 6000,
    "epochs": 2,
    "seeds": 1,
    "accuracy": 0.7,
    "seconds": 0.3,
    "photographs": 100,
    "tuning_epochs": 2,
    "peer_epochs": 2,
    "minutes": 1,
}


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
        benchmark = BENCHMARKS[name].create(options, WORK)
        if options.only:
            benchmark = select_contestants(benchmark, options.only)
        section = run_benchmark(benchmark, options.rounds, WORK)
        section += f"\nWritten on {date.today()} by `{describe_command(name, options)}`.\n"
        write_section(options.results, benchmark.name, section)
        print(f"\n{section}\nWritten to {options.results}", flush=True)


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Return the options of the command line, or of `arguments`."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.short:
        parser.set_defaults(**SHORT)
        options = parser.parse_args(arguments)
    if unknown := set(options.benchmarks) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {list(BENCHMARKS)}")
    options.benchmarks = options.benchmarks or list(BENCHMARKS)
    for name in options.benchmarks:
        for path in BENCHMARKS[name].paths:
            if not (getattr(options, path) and Path(getattr(options, path)).exists()):
                parser.error(
                    f"no pictures for {name} at {getattr(options, path)!r}; where are they? "
                    f"make bench {path.upper()}=path"
                )
    for name in ("rounds", "epochs", "tuning-epochs", "peer-epochs", "seeds"):
        if (given := getattr(options, name.replace("-", "_"))) < 1:
            parser.error(f"--{name} is {given}; it must be at least 1")
    options.data, options.digits = (path and Path(path) for path in (options.data, options.digits))
    return options


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser("python -m benchmarks.compare", description=__doc__)
    add = parser.add_argument
    add("benchmarks", nargs="*", help=f"which of {', '.join(BENCHMARKS)} (all)")
    add("--data", help="folder or archive with pictures in .../<class>/, for all without digits")
    add("--images", type=int, default=60_000, help="how many of them (%(default)s)")
    add("--digits", help="folder with the IDX files of Fashion-MNIST, for training and others")
    add("--training-images", type=int, default=60_000, help="how many of them (%(default)s)")
    add("--epochs", type=int, default=5, help="of training (%(default)s)")
    add("--seeds", type=int, default=3, help="of training, one after the other (%(default)s)")
    add("--accuracy", type=float, default=0.88, help="in validation, to reach (%(default)s)")
    add("--photographs", type=int, default=5000, help="at most, for transfer (%(default)s)")
    add("--tuning-epochs", type=int, default=8, help="of this project in transfer (%(default)s)")
    add("--peer-epochs", type=int, default=8, help="of its peers there (%(default)s)")
    add("--minutes", type=int, default=30, help="that a run may take at most (%(default)s)")
    add("--seconds", type=float, default=3.0, help="of each measurement in a script (%(default)s)")
    add("--rounds", type=int, default=5, help="timed runs of each contestant (%(default)s)")
    add("--short", action="store_true", help="all of it in less than ten minutes")
    add("--only", nargs="+", metavar="NAME", help="contestants whose names begin so")
    add("--results", type=Path, default=HERE / "RESULTS.md", help="file to write (%(default)s)")
    return parser


def describe_command(benchmark: str, options: Options) -> str:
    """Return the command for one benchmark, without the paths of this machine."""
    entry = BENCHMARKS[benchmark]
    parts = ["python -m benchmarks.compare", benchmark]
    parts += [f"--{path} PATH" for path in entry.paths]
    numbers = [*entry.numbers, "rounds"]
    parts += [f"--{name} {getattr(options, name.replace('-', '_'))}" for name in numbers]
    only = ["--only", *options.only] if options.only else []
    return " ".join([*parts, *only])


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
    watched = (1 if benchmark.timed else rounds) if benchmark.sampled else 0
    sampled = run_rounds(benchmark.contestants, watched, work, True)
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
            varied = contestant.vary(number)
            command = [find_interpreter(contestant), *contestant.arguments, *varied]
            contestant.prepare()
            run = run_command(command, contestant.folder, work, sample_memory, contestant.variables)
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
    if len(benchmark.contestants) > 1:
        parts += [figures.tabulate_ratios(compared, name) for name in benchmark.references]
    parts.append(
        f"- Rounds: {rounds}\n- Machine: {machine.describe_machine()}\n"
        f"- Versions: {machine.describe_versions(benchmark.contestants)}\n"
        f"- This project: {machine.describe_project()}\n- Commands:\n"
        + "\n".join(f"  - {one.name}: `{one.shown}`" for one in benchmark.contestants)
    )
    return "\n".join(f"{part.strip()}\n" for part in parts)


if __name__ == "__main__":
    main()
