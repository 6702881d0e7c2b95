"""Take the screenshots of the documentation from a real browser, of runs made for it.

From the project's root with its environment active: python docs/take_screenshots.py [folder]
In a copy of the project it trains ten small networks, one on the whole sample, and audits that,
in some ten minutes; then it starts Kedro-Viz and MLflow and drives the system's Chromium. A
folder that is named is kept, and a second time its runs are not made again.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen
from zipfile import ZipFile

from playwright.sync_api import Locator, Page, sync_playwright

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
BIN = Path(sys.executable).parent
# Chromium's own background traffic would only wait for networks that may not be there.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
# One each: Kedro-Viz may take a moment to let go of its own, and takes none above 49151.
VIZ_PORT, MLFLOW_PORT = 4243, 5243
STARTING = 60  # seconds
SETTLING = 3000  # milliseconds for animations to end
FADING = 400  # milliseconds in which the report paints what has come into view
PICTURE = 2  # of the report, counted from 0
LONGEST_RUN = 900  # seconds
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}

COPIED = ("conf", "data/01_raw", "pyproject.toml", "src", ".telemetry")
SMALL, PER_CLASS = "small_digits.zip", 60
VARIED = (
    "seed=1",
    "seed=2",
    "train.learning_rate=0.0005",
    "train.learning_rate=0.005",
    "train.optimizer=sgd",
    "train.optimizer=rmsprop",
    "train.schedule=constant",
    "train.batch_size=16",
    "augment.copies=1",
    "augment.copies=10",
)
RUNS = (
    *(f"--params {change},train.epochs=2,images={SMALL}" for change in VARIED),
    "",
    "--pipelines audit --params audit.folds=3,train.epochs=2",
)


def main() -> None:
    """Write the screenshots to docs/images."""
    IMAGES.mkdir(exist_ok=True)
    with open_project() as project:
        for arguments in RUNS:
            run_once(project, arguments)
        with open_browser() as page:
            take_pictures(page, project)


@contextmanager
def open_project() -> Iterator[Path]:
    """Give a copy of the project with a small part of its sample beside the sample."""
    with tempfile.TemporaryDirectory() as made:
        project = Path(sys.argv[1] if len(sys.argv) > 1 else made).resolve()
        for name in COPIED:
            source, target = ROOT / name, project / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                shutil.copy(source, target)
        draw_small_sample(project / "data/01_raw/digits.zip", project / SMALL)
        yield project


def draw_small_sample(sample: Path, target: Path) -> None:
    """Write a zip with the first pictures of each class of `sample`."""
    with ZipFile(sample) as archive, ZipFile(target, "w") as small:
        names = sorted(name for name in archive.namelist() if name.endswith(".png"))
        for _, of_class in groupby(names, lambda name: PurePosixPath(name).parts[0]):
            for name in list(of_class)[:PER_CLASS]:
                small.writestr(name, archive.read(name))


def run_once(project: Path, arguments: str) -> None:
    """Run Kedro with these arguments, unless it has done so here."""
    done = project / "done.txt"
    line = f"kedro run {arguments}\n"
    if done.is_file() and line in done.read_text():
        return
    print(line, end="", flush=True)
    command = [BIN / "kedro", "run", *arguments.split()]
    subprocess.run(command, cwd=project, check=True, timeout=LONGEST_RUN, capture_output=True)
    with done.open("a") as file:
        file.write(line)


@contextmanager
def open_browser() -> Iterator[Page]:
    """Give an empty page of the system's Chromium."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser.new_page(viewport=DESK)
        browser.close()


def take_pictures(page: Page, project: Path) -> None:
    """Photograph the onion report, the model card, Kedro-Viz and MLflow."""
    photograph_report(page, project / "data/08_reporting/onion_report.html", IMAGES)
    photograph_card(page, project)
    with serve(project, VIZ_PORT, "kedro", "viz", "run", "--no-browser") as address:
        photograph_viz(page, address)
    store = ("--workers", "1", "--backend-store-uri", "sqlite:///mlflow.db")
    with serve(project, MLFLOW_PORT, "mlflow", "ui", *store) as address:
        photograph_mlflow(page, address, read_registration(project))


def photograph_report(page: Page, report: Path, folder: Path) -> None:
    """Take a layer at work, the same on a phone in the dark, and where the network looked."""
    for name, size, theme, show in (
        ("onion_report", DESK, "light", show_convolution),
        ("onion_report_phone", PHONE, "dark", show_convolution),
        ("onion_report_attention", DESK, "light", show_attention),
    ):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.goto(report.as_uri())
        page.evaluate("onion.ready")
        page.locator(".picture").nth(PICTURE).click()
        show(page).evaluate("node => node.scrollIntoView()")
        page.wait_for_timeout(FADING)
        page.screenshot(path=folder / f"{name}.png")
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")


def show_convolution(page: Page) -> Locator:
    """Open the first convolution; return where its arithmetic begins."""
    layer = page.locator(".layer", has=page.get_by_text("Convolution", exact=True)).first
    layer.locator(".layer-button").click()
    return layer.get_by_text("How one number comes about")


def show_attention(page: Page) -> Locator:
    """Return the part of the report that shows where the network looked."""
    return page.locator("#attention")


def photograph_card(page: Page, project: Path) -> None:
    """Take the model card as it opens on a phone and on a desk."""
    page.goto((project / "data/08_reporting/model_card.html").as_uri())
    for name, size in (("model_card_phone", PHONE), ("model_card", DESK)):
        page.set_viewport_size(size)
        shoot(page, name)


def photograph_viz(page: Page, address: str) -> None:
    """Take the graph as it opens, a box for each verb, with the figure of one dataset beside it."""
    kept = json.dumps({"showFeatureHints": False, "visible": {"miniMap": False}})
    page.add_init_script(f"localStorage.setItem('KedroViz', '{kept}')")
    page.goto(address)
    page.wait_for_selector(".pipeline-node", timeout=STARTING * 1000)
    for button in page.get_by_role("button", name="Dismiss").all():
        button.click()
    page.get_by_text("attention_sheet", exact=True).first.click()
    page.wait_for_timeout(SETTLING)
    shoot(page, "kedro_viz_preview")


def photograph_mlflow(page: Page, address: str, registration: dict[str, Any]) -> None:
    """Take the table of runs, the run of the sample, its figures, and the version of its model."""
    model, version = registration["model_name"], registration["version"]
    run = f"#/experiments/1/runs/{registration['run_id']}"
    for name, place in (
        ("mlflow_runs", "#/experiments/1/runs?viewStateShareKey=comparison"),
        ("mlflow_charts", "#/experiments/1/runs?compareRunsMode=CHART"),
        ("mlflow_run", run),
        ("mlflow_system", f"{run}/system-metrics"),
        ("mlflow_figures", f"{run}/artifacts/figures/worst_mistakes.png"),
        ("mlflow_plot", f"{run}/artifacts/figures/confusion_matrix.html"),
        ("mlflow_onion", f"{run}/artifacts/figures/onion_report.html"),
        ("mlflow_card", f"{run}/artifacts/figures/model_card.html"),
        ("mlflow_version", f"#/models/{model}/versions/{version}"),
    ):
        open_place(page, f"{address}/{place}")
        shoot(page, name)


def open_place(page: Page, place: str) -> None:
    """Open a place in MLflow, with what it hides at first."""
    page.goto("about:blank")  # between two places of one page it would keep what it shows
    page.goto(f"{place}{'&' if '?' in place else '?'}workflowType=machine_learning")
    page.wait_for_timeout(2 * SETTLING)
    for name in ("Close", "Show more"):
        for button in page.get_by_role("button", name=name, exact=True).all():
            button.click()
    page.wait_for_timeout(SETTLING)


def shoot(page: Page, name: str) -> None:
    """Write what the browser shows to docs/images."""
    page.screenshot(path=IMAGES / f"{name}.png")


def read_registration(project: Path) -> dict[str, Any]:
    """Return what the last run that registered a model says of it."""
    text = (project / "data/08_reporting/registration.json").read_text(encoding="utf-8")
    registration: dict[str, Any] = json.loads(text)
    return registration


@contextmanager
def serve(project: Path, port: int, program: str, *arguments: str) -> Iterator[str]:
    """Run a server of this environment; give its address once it answers."""
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    command = [str(BIN / program), *arguments, "--port", str(port)]
    server = subprocess.Popen(
        command, cwd=project, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)  # MLflow's workers outlive their parent
        server.wait()


def wait_for(address: str) -> None:
    """Wait until `address` answers."""
    deadline = time.monotonic() + STARTING
    while True:
        try:
            urlopen(address).close()
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return


if __name__ == "__main__":
    main()
