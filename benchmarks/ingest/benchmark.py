"""The benchmarks ``ingest``, against peers, and ``memory``, against ourselves."""

from argparse import Namespace
from functools import partial
from pathlib import Path

from benchmarks.contest import (
    CPU,
    HELD_MEMORY,
    MAPPED_FILES,
    WHOLE_PROCESS,
    Benchmark,
    Contestant,
    Figure,
)
from benchmarks.environments import REQUIREMENTS
from benchmarks.ingest.pictures import prepare_pictures
from benchmarks.project import clean_project, copy_project

HERE = Path(__file__).parent

AFTER_IMPORTS = Figure("after imports, s", lambda run: run.answer["seconds_after_imports"])
PER_IMAGE = Figure(
    "after imports, µs per image",
    lambda run: 1e6 * run.answer["seconds_after_imports"] / run.answer["images"],
    compared=False,
)
# TensorFlow's faster, less exact inverse cosine transform changes the mean pixel by 0.8.
SAME_WORK = {"images": 0, "labels": 0, "classes": 0, "mean_pixel": 1.5}

INGEST = """From a folder of JPEG pictures in class folders to all labelled pixels as uint8. The
peers leave them in one NumPy array in memory. `onion_pipeline, pixels only` lists and decodes
and leaves an array on disk, which is the same work; `onion_pipeline` is the whole pipeline,
which also checks each file, looks for duplicates and draws the splits, which no peer does."""

MEMORY = """The whole ingest pipeline of this project with a tenth of the pictures and with all of
them. Mapped files, among them the arrays of pixels that it writes, need no memory of their own:
the system takes their pages back when it wants to."""


def create_ingest(options: Namespace, work: Path) -> Benchmark:
    """Return the benchmark of this project and its peers on the same pictures."""
    pictures = prepare_pictures(options.data, options.images, work)
    project = copy_project(work / "project")
    pixels = "onion_pipeline, pixels only"
    return Benchmark(
        name="ingest",
        purpose=INGEST,
        contestants=[
            create_own(pixels, project, pictures, "--to-outputs", "decoded_images"),
            create_own("onion_pipeline", project, pictures),
            *create_peers(pictures, work),
        ],
        references=[pixels, "onion_pipeline"],
        timed=[WHOLE_PROCESS, AFTER_IMPORTS, PER_IMAGE, CPU],
        sampled=[HELD_MEMORY, MAPPED_FILES],
        tolerances=SAME_WORK,
    )


def create_memory(options: Namespace, work: Path) -> Benchmark:
    """Return the benchmark of this project's memory at two numbers of pictures."""
    project = copy_project(work / "project")
    small, large = options.images // 10, options.images
    names = [f"onion_pipeline, {count} pictures" for count in (small, large)]
    return Benchmark(
        name="memory",
        purpose=MEMORY,
        contestants=[
            create_own(name, project, prepare_pictures(options.data, count, work))
            for name, count in zip(names, (small, large), strict=True)
        ],
        references=names[:1],
        sampled=[HELD_MEMORY, MAPPED_FILES],
    )


def create_own(name: str, project: Path, pictures: Path, *arguments: str) -> Contestant:
    """Return this project as a contestant, on the interpreter that runs the harness."""
    imports = project.with_name(f"imports of {name}.txt")
    imports.unlink(missing_ok=True)
    command = [str(HERE / "with_kedro.py"), str(imports), "--params", f"images={pictures}"]
    return Contestant(
        name=name,
        arguments=[*command, *arguments],
        shown=" ".join(["kedro run --pipelines ingest --params images=IMAGES", *arguments]),
        folder=project,
        packages=["kedro", "numpy", "pillow", "simplejpeg"],
        prepare=partial(clean_project, project),
    )


def create_peers(pictures: Path, work: Path) -> list[Contestant]:
    """Return the peers."""
    peers = [
        ("Keras image_dataset_from_directory", "keras", [], ["keras", "tensorflow-cpu"]),
        ("torchvision ImageFolder", "torchvision", [], ["torch", "torchvision"]),
        ("datasets, list of paths", "datasets", ["paths"], ["datasets", "pillow"]),
        ("datasets imagefolder", "datasets", ["imagefolder"], ["datasets", "pillow"]),
    ]
    return [
        create_peer(name, tool, [*form, str(pictures)], packages, work)
        for name, tool, form, packages in peers
    ]


def create_peer(
    name: str, tool: str, arguments: list[str], packages: list[str], work: Path
) -> Contestant:
    """Return the contestant ``with_<tool>.py`` in an environment of its own."""
    return Contestant(
        name=name,
        arguments=[str(HERE / f"with_{tool}.py"), *arguments],
        shown=" ".join(["python", f"with_{tool}.py", *arguments[:-1], "IMAGES"]),
        folder=work,
        requirements=REQUIREMENTS / f"{tool}.txt",
        packages=packages,
    )
