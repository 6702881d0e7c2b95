import math
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

PROJECT = Path(__file__).parents[1]

# A process whose child holds 200 MB, and maps a file, for longer than it takes to see it.
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]])"
CHILD = """
import sys, time
import numpy as np
held = np.ones(200_000_000, np.uint8)
mapped = np.load(sys.argv[1], mmap_mode="r")
mapped.sum()
time.sleep(2)
print("{}")
"""


def list_scripts() -> list[Path]:
    return sorted((PROJECT / "benchmarks").glob("[a-z]*/with_*.py"))


def find_uv() -> str | None:
    return shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")


@pytest.fixture
def compare(monkeypatch):
    """The harness, which lies beside the package and is not part of it."""
    monkeypatch.syspath_prepend(PROJECT)
    from benchmarks import compare

    return compare


@pytest.fixture
def create_contestant(compare, tmp_path):
    """A function that returns a program which answers a number, and notes that it ran."""

    def create(name: str, answer: float):
        code = (
            f"import json, os, pathlib; print('talk'); print(json.dumps({{'images': {answer}}}));"
            "pathlib.Path(os.environ['TMPDIR'], 'left').touch();"
            f"pathlib.Path('log').open('a').write('{name} ')"
        )
        return compare.Contestant(name, ["-c", code], f"run {name}", tmp_path, packages=["numpy"])

    return create


@pytest.fixture
def benchmark(create_contestant):
    """Two programs that do next to nothing."""
    from benchmarks.contest import CPU, HELD_MEMORY, WHOLE_PROCESS, Benchmark

    return Benchmark(
        name="nothing",
        purpose="What starting Python takes.",
        contestants=[create_contestant("one", 20), create_contestant("two", 21)],
        references=["one"],
        timed=[WHOLE_PROCESS, replace(CPU, compared=False)],
        sampled=[HELD_MEMORY],
        tolerances={"images": 1},
    )


def test_numbers_have_three_digits_or_all_before_the_point(compare):
    numbers = [0.0, 0.01234, 0.9999, 1.0, 9.996, 12.34, 99.96, 123.4, 12345.6]
    assert [compare.figures.format_number(number) for number in numbers] == [
        "0.00", "0.0123", "1.00", "1.00", "10.0", "12.3", "100", "123", "12346"
    ]  # fmt: skip


def test_what_was_never_reached_is_said_and_what_is_unknown_left_out(compare):
    format_spread = compare.figures.format_spread
    assert format_spread([math.inf, math.inf, 12.0]) == "never (12.0 to never)"
    assert format_spread([math.inf, math.inf]) == "never"
    assert format_spread([math.nan, 1.0]) == "none"
    assert compare.figures.format_ratio([math.inf], [math.inf]) == "none"


def test_a_spread_is_median_smallest_and_largest(compare):
    assert compare.figures.format_spread([4.0, 1.0, 2.0, 3.0]) == "2.50 (1.00 to 4.00)"
    assert compare.figures.format_spread([4.0]) == "4.00"


def test_a_ratio_is_that_of_medians_and_its_spread_that_within_rounds(compare):
    # The machine was ten times slower in the last round: no ratio knows of it.
    ratio = compare.figures.format_ratio([2.0, 3.0, 25.0], [1.0, 1.0, 10.0])
    assert ratio == "3.00 (2.00 to 3.00)"


def test_contestants_run_alternately_and_the_section_says_what_came_out(
    compare, benchmark, tmp_path
):
    section = compare.run_benchmark(benchmark, 2, tmp_path)
    # The round that samples memory, then two that are timed.
    assert (tmp_path / "log").read_text().split() == ["one", "two", "one", "two", "two", "one"]
    values, ratios = (part.splitlines() for part in section.split("\n\n") if part[0] == "|")
    assert values[0] == "|  | whole process, s | CPU, s | peak memory held, MB |"
    assert [line.split(" | ")[0] for line in values[2:]] == ["| one", "| two"]
    assert ratios[0] == "| ÷ one | whole process | peak memory held |"
    assert [line.split(" | ")[0] for line in ratios[2:]] == ["| two"]
    assert "- Rounds: 2\n" in section
    assert f"- Versions: numpy {np.__version__}\n" in section
    assert "  - two: `run two`" in section
    assert not list(tmp_path.glob("scratch-*"))


def test_a_round_may_add_arguments_and_variables(compare, create_contestant, tmp_path):
    code = "import os, sys; print('{\"seed\": ' + sys.argv[1] + os.environ['ZEROS'] + '}')"
    varied = replace(
        create_contestant("one", 0),
        arguments=["-c", code],
        variables={"ZEROS": "00"},
        vary=lambda number: [str(1 + number)],
    )
    runs = compare.run_rounds([varied], 2, tmp_path, False)
    assert [run.answer["seed"] for run in runs["one"]] == [100, 200]


def test_options_are_asked_for_where_they_are_needed(compare, tmp_path, capsys):
    options = compare.parse_options(["augment", "step", "--short", "--rounds", "2"])
    assert (options.benchmarks, options.rounds) == (["augment", "step"], 2)
    assert options.epochs == compare.SHORT["epochs"]
    assert compare.parse_options(["training", "--digits", str(tmp_path)]).digits == tmp_path
    for arguments in (["training"], ["ingest", "--digits", str(tmp_path)], []):
        with pytest.raises(SystemExit):
            compare.parse_options(arguments)
    assert "no pictures for training at None" in capsys.readouterr().err
    # Of two places, the second is missing.
    with pytest.raises(SystemExit):
        compare.parse_options(["accuracy_per_minute", "--data", str(tmp_path)])
    assert "make bench DIGITS=path" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        compare.parse_options(["step", "--tuning-epochs", "0"])
    assert "--tuning-epochs is 0; it must be at least 1" in capsys.readouterr().err


def test_a_command_names_what_its_benchmark_depends_on(compare, tmp_path):
    options = compare.parse_options(["training", "step", "--digits", str(tmp_path), "--short"])
    assert compare.describe_command("step", options) == (
        "python -m benchmarks.compare step --seconds 0.3 --rounds 1"
    )
    assert compare.describe_command("training", options) == (
        "python -m benchmarks.compare training --digits PATH --training-images 6000 --epochs 2 "
        "--seeds 1 --accuracy 0.7 --rounds 1"
    )
    both = ["accuracy_per_minute", "--data", str(tmp_path), "--digits", str(tmp_path)]
    assert compare.describe_command(both[0], compare.parse_options([*both, "--minutes", "5"])) == (
        "python -m benchmarks.compare accuracy_per_minute --data PATH --digits PATH --minutes 5 "
        "--seeds 3 --rounds 5"
    )


def test_digits_are_cut_and_split_the_same_for_the_same_seed(compare, tmp_path):
    from benchmarks.training import digits

    images = np.random.default_rng(0).integers(0, 256, (60, 4, 4), np.uint8)
    labels = np.arange(60) % 10
    for name in digits.SETS:
        digits.write_set(tmp_path, name, images, labels)
    folder = digits.prepare_digits(tmp_path, 48, tmp_path)
    train, validation, test = digits.split_digits(folder, 1)
    assert [len(labels) for _, labels in (train, validation, test)] == [44, 4, 8]
    np.testing.assert_array_equal(test[0], images[:8])
    again = digits.split_digits(folder, 1)[1]
    np.testing.assert_array_equal(again[0], validation[0])
    assert not np.array_equal(digits.split_digits(folder, 2)[1][0], validation[0])
    both = np.concatenate([train[0], validation[0]])
    np.testing.assert_array_equal(np.unique(both, axis=0), np.unique(images[:48], axis=0))
    with pytest.raises(ValueError, match="holds 60 pictures of train, not 61"):
        digits.prepare_digits(tmp_path, 61, tmp_path)


def test_our_project_trains_as_the_parameters_of_the_benchmark_say(compare, tmp_path):
    from benchmarks.project import copy_project
    from benchmarks.training.benchmark import choose_parameters

    from onion_pipeline.parameters import AugmentParameters, IngestParameters, TrainParameters

    project = copy_project(tmp_path / "project", choose_parameters(7, whole=False))
    written = yaml.safe_load((project / "conf/local/parameters.yml").read_text())
    train = TrainParameters(**written["train"])
    assert (train.epochs, train.batch_size, train.schedule) == (7, 128, "constant")
    assert AugmentParameters(**written["augment"]).copies == 7
    assert IngestParameters(**written["ingest"]).near_duplicates == "ignore"
    assert "near_duplicates" not in choose_parameters(7, whole=True)["ingest"]


def test_speed_counts_the_epochs_after_the_first(compare):
    from benchmarks.training.benchmark import read_seconds_to, read_speed

    answer = {"epoch_ends": [9.0, 11.0, 13.0], "training_images": 100}
    run = compare.Run(0, 0, {**answer, "validation_accuracy": [0.7, 0.9, 0.8]})
    assert read_speed(run) == 50
    assert read_seconds_to(0.8, run) == 11.0
    assert read_seconds_to(0.95, run) == math.inf
    assert math.isnan(read_speed(compare.Run(0, 0, {**answer, "epoch_ends": [9.0]})))


def test_arithmetic_of_the_networks_is_that_of_the_architecture_table(compare):
    from benchmarks.step.networks import TASKS

    from onion_pipeline.model.architecture import read_layers, walk_layers

    onion = [{"conv2d": {"filters": 32}}, "max_pooling2d", {"conv2d": {"filters": 64}}]
    onion += ["max_pooling2d", "flatten", {"dense": {"units": 128}}]
    for task in TASKS[:2]:
        rows = walk_layers(read_layers(onion), task.shape, 10)[1:]
        assert task.multiply_adds == sum(row.multiply_adds for row in rows)


def test_pictures_to_augment_are_smooth_and_of_all_brightness(compare):
    from benchmarks.augment.pictures import SHAPES, draw_pictures

    for shape in SHAPES:
        pictures = draw_pictures(shape)
        assert pictures.shape[1:] == shape
        assert np.ptp(pictures) > 200
        # Neighbours differ less than by the largest step of 6 in 27 pixels.
        assert np.abs(np.diff(pictures.astype(int), axis=1)).max() <= 255 * 6 / (shape[0] - 1) + 1


@pytest.mark.parametrize("script", list_scripts(), ids=lambda path: "/".join(path.parts[-2:]))
def test_scripts_are_python(script):
    compile(script.read_text(), script, "exec")


def test_other_answers_are_no_comparison(compare, benchmark, create_contestant, tmp_path):
    contestants = [create_contestant("one", 20), create_contestant("two", 22)]
    with pytest.raises(ValueError, match="images differs by more than 1"):
        compare.run_benchmark(replace(benchmark, contestants=contestants), 1, tmp_path)


@pytest.mark.parametrize("code", ["print(1 / 0)", "print('no JSON')", "print('[1]')", ""])
def test_a_failure_is_shown_with_its_last_lines(compare, tmp_path, code):
    with pytest.raises(RuntimeError, match="without a JSON object") as failure:
        compare.run_command([sys.executable, "-c", code], tmp_path, tmp_path)
    assert ("ZeroDivisionError" in str(failure.value)) == ("/" in code)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="not Linux")
def test_memory_of_children_is_counted_and_mapped_files_apart(compare, tmp_path):
    np.save(tmp_path / "mapped.npy", np.ones(100_000_000, np.uint8))
    command = [sys.executable, "-c", PARENT, CHILD, str(tmp_path / "mapped.npy")]
    run = compare.run_command(command, tmp_path, tmp_path, sample_memory=True)
    assert 200e6 < run.held_bytes < 280e6
    assert 100e6 < run.mapped_bytes < 180e6


def test_a_section_is_replaced_and_others_stay(compare, tmp_path):
    from benchmarks import sections

    results = tmp_path / "RESULTS.md"
    for name, text in (("a", "old"), ("b", "kept"), ("a", "new\n\n| x |")):
        sections.write_section(results, name, text)
    written = results.read_text()
    assert written == sections.HEADER + "\n## a\n\nnew\n\n| x |\n\n## b\n\nkept\n"


def test_pictures_are_shared_out_among_classes_and_renamed(compare, photo_folder, tmp_path):
    from benchmarks.ingest.pictures import prepare_pictures

    (photo_folder / "red").rename(photo_folder / "blue" / "red")
    (photo_folder / "blue" / "note.txt").touch()
    target = prepare_pictures(photo_folder, 6, tmp_path)
    names = sorted(path.relative_to(target).as_posix() for path in target.rglob("*.jpg"))
    assert [name.removesuffix(".jpg") for name in names] == [
        "blue/000000", "blue/000002", "blue/000004", "red/000001", "red/000003", "red/000005"
    ]  # fmt: skip
    with pytest.raises(ValueError, match="holds 20 pictures in class folders, not 21"):
        prepare_pictures(photo_folder, 21, tmp_path)


@pytest.mark.slow
def test_our_contestant_ingests_a_copy_of_the_project(compare, photo_folder, tmp_path):
    from benchmarks.ingest.benchmark import create_own
    from benchmarks.project import clean_project, copy_project

    project = copy_project(tmp_path / "project")
    own = create_own("pixels", project, photo_folder, "--to-outputs", "decoded_images")
    run = compare.run_command([sys.executable, *own.arguments], own.folder, tmp_path)
    assert {key: run.answer[key] for key in ("images", "labels", "classes")} == {
        "images": 20, "labels": 20, "classes": 2
    }  # fmt: skip
    assert 0 < run.answer["seconds_after_imports"] < run.seconds
    decoded = np.load(project / "data/02_intermediate/decoded_images.npy")
    assert run.answer["mean_pixel"] == pytest.approx(decoded["image"].mean())
    (project / "mlflow.db").touch()
    clean_project(project)
    assert not (project / "data").exists()
    assert (project / "mlflow.db").exists()


@pytest.mark.skipif(not find_uv(), reason="uv comes with `make test`")
def test_an_environment_is_made_once_for_its_requirements(compare, monkeypatch, tmp_path):
    from benchmarks import environments

    requirements = tmp_path / "none.txt"
    requirements.write_text("# nothing\n")
    python = environments.create_environment(requirements, tmp_path / "made")
    assert Path(python).exists()
    monkeypatch.setattr(environments, "find_uv", lambda: pytest.fail("made again"))
    assert environments.create_environment(requirements, tmp_path / "made") == python


def test_accuracies_stand_with_their_range_and_their_interval(compare):
    from benchmarks.accuracy import ACCURACY, INTERVAL, MINUTES, find_interval

    from onion_pipeline.evaluation.intervals import wilson_interval

    for right, count in ((0, 10), (9, 10), (372, 372)):
        expected = wilson_interval(right, count, 0.95)
        assert find_interval(right / count, count) == pytest.approx(tuple(expected))
    answers = [{"test_accuracy": share, "test_images": 100} for share in (0.75, 0.8, 0.85)]
    runs = {"one": [compare.Run(90.0, 60.0, answer) for answer in answers]}
    table = compare.figures.tabulate_values([(f, runs) for f in (ACCURACY, INTERVAL, MINUTES)])
    # The interval is for 100 test pictures, however many runs were tested on them.
    assert table.splitlines()[-1] == (
        "| one | 80.0 (75.0 to 85.0) | 71.1 to 86.7 | 1.50 (1.50 to 1.50) |"
    )


def write_photographs(folder: Path, split: str, count: int) -> None:
    for name in ("ants", "bees"):
        (folder / split / name).mkdir(parents=True)
        for number in range(count):
            (folder / split / name / f"{number}.jpg").write_text(f"{split} {name} {number}")


def read_photographs(folder: Path) -> set[tuple[str, str, str]]:
    """Each copy's split and class, and what it is a copy of."""
    return {(*path.parts[-3:-1], path.read_text()) for path in folder.rglob("*.jpg")}


def test_a_given_test_of_photographs_stays_the_test(compare, tmp_path):
    from benchmarks.transfer.photographs import prepare_photographs

    write_photographs(tmp_path / "in" / "set", "train", 6)
    write_photographs(tmp_path / "in" / "set", "val", 4)
    shutil.make_archive(str(tmp_path / "set"), "zip", tmp_path / "in")
    names = {}
    for source in (tmp_path / "in", tmp_path / "set.zip"):
        names[source] = read_photographs(prepare_photographs(source, 50, tmp_path / "work"))
        assert len(names[source]) == 12 + 8
        assert all(
            text.startswith(f"{'train' if split == 'train' else 'val'} {name} ")
            for split, name, text in names[source]
        )
    assert names[tmp_path / "in"] == names[tmp_path / "set.zip"]
    # Of ten, two are for the test; drawn, not the first ones, and the same ones each time.
    drawn = [
        read_photographs(prepare_photographs(tmp_path / "in", 10, tmp_path / "work"))
        for _ in range(2)
    ]
    assert drawn[0] == drawn[1]
    assert [split for split, *_ in sorted(drawn[0])].count("test") == 2
    assert {text for split, _, text in drawn[0] if split == "train"} != {
        f"train {name} {number}" for name in ("ants", "bees") for number in range(4)
    }


def test_without_a_given_test_a_fifth_of_each_class_is_drawn_for_it(compare, tmp_path):
    from benchmarks.transfer.photographs import prepare_photographs

    write_photographs(tmp_path, "in", 10)
    copies = read_photographs(prepare_photographs(tmp_path / "in", 50, tmp_path / "work"))
    counts = {(split, name): 0 for split in ("train", "test") for name in ("ants", "bees")}
    for split, name, _ in copies:
        counts[split, name] += 1
    assert list(counts.values()) == [8, 8, 2, 2]
    assert len({text for *_, text in copies}) == 20
    shutil.rmtree(tmp_path / "in" / "bees")
    with pytest.raises(ValueError, match=r"classes \['ants'\] to learn"):
        prepare_photographs(tmp_path / "in", 50, tmp_path / "work")


@pytest.mark.slow
def test_peers_in_keras_begin_with_the_network_of_this_project(monkeypatch):
    monkeypatch.syspath_prepend(PROJECT / "benchmarks" / "transfer")
    from keras_base import keras, make_base

    from onion_pipeline.model.architecture import read_layers
    from onion_pipeline.model.build import build_model
    from onion_pipeline.training.features import split_network

    backbone = {"name": "efficientnet_lite0", "weights": "imagenet", "trainable": "none"}
    layers = read_layers([{"backbone": backbone}, "global_average_pooling2d"])
    trunk, _ = split_network(build_model(layers, (64, 64, 3), 2, 0))
    pictures = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    base = make_base()
    made = base(pictures, training=False).numpy().mean((1, 2))
    np.testing.assert_allclose(made, trunk(pictures, training=False).numpy(), atol=1e-4)
    assert not base.trainable_weights
    inputs = keras.Input((64, 64, 3))
    assert keras.Model(inputs, base(inputs)).output_shape == (None, 2, 2, 1280)


@pytest.fixture
def folders(compare, monkeypatch):
    """What the scripts of transfer have in common, as they import it."""
    monkeypatch.syspath_prepend(PROJECT / "benchmarks" / "transfer")
    import folders

    return folders


def test_peers_hold_out_as_much_of_each_class_as_this_project(folders, tmp_path):
    write_photographs(tmp_path, "train", 34)
    paths, labels, classes = folders.list_photographs(tmp_path / "train")
    assert classes == 2
    assert [path.parent.name for path in paths] == [["ants", "bees"][label] for label in labels]
    kept, held = folders.hold_out(labels, 1)
    assert np.bincount(labels[kept]).tolist() == [28, 28]
    np.testing.assert_array_equal(np.sort([*kept, *held]), np.arange(68))
    np.testing.assert_array_equal(folders.hold_out(labels, 1)[1], held)
    assert not np.array_equal(folders.hold_out(labels, 2)[1], held)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="not Linux")
def test_the_time_of_a_training_counts_its_processes(folders):
    busy = "import time; begun = time.process_time()\nwhile time.process_time() < begun + 0.3: pass"
    watch = folders.Stopwatch()
    with subprocess.Popen([sys.executable, "-c", f"{busy}\nprint(1, flush=True)\ninput()"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:  # fmt: skip
        child.stdout.readline()
        running = watch.stop()
        child.communicate(b"\n")
    assert running[1] >= 0.29
    seconds, cpu = watch.stop()  # now it has ended
    assert cpu >= 0.29
    assert seconds > running[0] > 0.3


def test_this_project_and_its_peers_have_the_same_photographs(compare, tmp_path):
    from benchmarks.transfer.benchmark import create_transfer

    write_photographs(tmp_path / "insects", "train", 5)
    write_photographs(tmp_path / "insects", "test", 5)
    given = ["transfer", "--data", str(tmp_path / "insects"), "--tuning-epochs", "3"]
    given += ["--peer-epochs", "4"]
    options = compare.parse_options(given)
    benchmark = create_transfer(options, tmp_path)
    assert benchmark.name == "transfer, insects"
    assert "`insects` (2 classes, 10 pictures to learn from, 10 to test)" in benchmark.purpose
    pictures = str(tmp_path / "photographs")
    for contestant in benchmark.contestants:
        assert Path(contestant.arguments[0]).is_file()
        assert pictures in " ".join([*contestant.arguments, *contestant.vary(0)])
        assert contestant.vary(4) == contestant.vary(1) != contestant.vary(0)
    own, tuned, *peers = benchmark.contestants
    assert own.vary(1) == ["--params", f"images={pictures},seed=1"]
    assert tuned.vary(0)[1].endswith("seed=0,train.epochs=3,augment.copies=3")
    assert all(peer.arguments[-2:] == [pictures, "4"] for peer in peers)
    assert benchmark.references == [own.name, tuned.name]


def test_each_data_set_has_a_section_of_its_own(compare, benchmark, monkeypatch, tmp_path):
    def create(options, work):
        return replace(benchmark, name=f"nothing, {options.data.name}")

    monkeypatch.setitem(compare.BENCHMARKS, "startup", compare.Entry(create, ["data"]))
    monkeypatch.setattr(compare, "WORK", tmp_path)
    results = tmp_path / "RESULTS.md"
    for name in ("ants", "bees"):
        given = ["startup", "--data", str(tmp_path / name), "--results", str(results)]
        (tmp_path / name).mkdir()
        compare.compare(compare.parse_options([*given, "--rounds", "1"]))
    sections = [line for line in results.read_text().splitlines() if line.startswith("## ")]
    assert sections == ["## nothing, ants", "## nothing, bees"]


def list_plans():
    sys.path.insert(0, str(PROJECT))
    try:
        from benchmarks.accuracy_per_minute.benchmark import PLANS
    finally:
        sys.path.pop(0)
    return PLANS


@pytest.mark.parametrize("plan", list_plans(), ids=lambda plan: plan.name())
def test_runs_within_minutes_have_parameters_that_there_are(plan):
    from onion_pipeline.configuration import ConfigLoader
    from onion_pipeline.parameters import AugmentParameters, IngestParameters, TrainParameters
    from onion_pipeline.runtime_parameters import read_parameters

    given = ",".join(f"{name}={value}" for name, value in plan.parameters.items())
    loader = ConfigLoader(
        str(PROJECT / "conf"),
        base_env="base",
        default_run_env="base",
        env=plan.environment,
        merge_strategy={"parameters": "soft"},
        runtime_params=read_parameters(given),
    )
    parameters = loader["parameters"]
    train = TrainParameters(**parameters["train"])
    augment = AugmentParameters(**parameters["augment"])
    IngestParameters(**parameters["ingest"])
    assert train.epochs == plan.parameters.get("train.epochs", train.epochs)
    if train.variants_per_epoch == 1:
        assert 1 + augment.copies >= train.epochs  # the pictures themselves are one


def test_only_runs_for_which_there_is_time_are_compared(compare, tmp_path):
    from benchmarks.accuracy_per_minute.benchmark import create_minutes

    given = ["accuracy_per_minute", "--data", str(tmp_path), "--digits", str(tmp_path)]
    for minutes, longest in ((1, {1}), (29, {1, 5}), (30, {1, 5, 30})):
        options = compare.parse_options([*given, "--minutes", str(minutes)])
        names = [one.name for one in create_minutes(options, tmp_path).contestants]
        assert {int(name.split(", ")[1].split(" min")[0]) for name in names} == longest
        assert {name.split(",")[0] for name in names} == {"digits", "Fashion-MNIST", "CIFAR-10"}


@pytest.mark.slow
def test_our_contestant_learns_from_photographs_and_says_how_long_it_trained(
    compare, photo_folder, tmp_path
):
    from benchmarks.project import copy_project
    from benchmarks.transfer.benchmark import create_own
    from benchmarks.transfer.photographs import prepare_photographs

    pictures = prepare_photographs(photo_folder, 20, tmp_path)
    project = copy_project(tmp_path / "project")
    small = "ingest.image_size=[32,32],evaluate.corrupted_images=0,train.probe.epochs=2"
    own = create_own("probe", "photos_probe", small, project, pictures, 3)
    command = [sys.executable, *own.arguments, *own.vary(0), "--to-outputs", "metrics"]
    run = compare.run_command(command, own.folder, tmp_path)
    assert run.answer["test_images"] == 4
    assert run.answer["training_images"] + run.answer["validation_images"] == 16
    assert 0 < run.answer["training_seconds"] < run.seconds
    assert 0 < run.answer["training_cpu_seconds"] < run.cpu_seconds + 1


@pytest.mark.slow
def test_a_run_that_fails_counts_for_nothing(compare, tmp_path):
    from benchmarks.project import copy_project
    from benchmarks.transfer.benchmark import create_own

    project = copy_project(tmp_path / "project")
    own = create_own("probe", "photos_probe", "", project, tmp_path / "missing", 3)
    # What an earlier run has left is not taken for the answer of this one.
    for name in ("08_reporting/metrics.json", "03_primary/image_splits.parquet"):
        (project / "data" / name).parent.mkdir(parents=True)
    (project / "data/08_reporting/metrics.json").write_text('{"accuracy": 1.0}')
    splits = pd.DataFrame({"split": ["train", "validation", "test"]})
    splits.to_parquet(project / "data/03_primary/image_splits.parquet")
    with pytest.raises(RuntimeError, match="ended with 1 and without a JSON object"):
        compare.run_command([sys.executable, *own.arguments, *own.vary(0)], own.folder, tmp_path)
