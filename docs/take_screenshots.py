"""Take the screenshots of the README from a real browser, after `make run`.

Run from the project's root with its environment active: python docs/take_screenshots.py
It starts Kedro-Viz and MLflow and drives the system's Chromium.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
BIN = Path(sys.executable).parent
# Chromium's own background traffic would only wait for networks that may not be there.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
# One each: Kedro-Viz may take a moment to let go of its own, and takes none above 49151.
VIZ_PORT, MLFLOW_PORT = 4243, 5243
STARTING = 60  # seconds
SETTLING = 3000  # milliseconds for animations to end


def main() -> None:
    """Write the screenshots to docs/images."""
    IMAGES.mkdir(exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        with serve(VIZ_PORT, "kedro", "viz", "run", "--no-browser") as address:
            photograph_viz(page, address)
        store = ("--backend-store-uri", "sqlite:///mlflow.db")
        with serve(MLFLOW_PORT, "mlflow", "ui", *store) as address:
            photograph_mlflow(page, address)
        browser.close()


def photograph_viz(page: Page, address: str) -> None:
    """Take the graph with the figure of one dataset beside it."""
    page.add_init_script(
        "localStorage.setItem('KedroViz', JSON.stringify({showFeatureHints: false}))"
    )
    page.goto(address)
    page.wait_for_selector(".pipeline-node", timeout=STARTING * 1000)
    for button in page.get_by_role("button", name="Dismiss").all():
        button.click()
    page.get_by_text("worst_mistakes", exact=True).first.click()
    page.wait_for_timeout(SETTLING)
    page.screenshot(path=IMAGES / "kedro_viz_preview.png")


def photograph_mlflow(page: Page, address: str) -> None:
    """Take the overview and the figures of the run that was registered last."""
    registration = json.loads(Path("data/08_reporting/registration.json").read_text())
    run = f"{address}/#/experiments/1/runs/{registration['run_id']}"
    for name, place in (
        ("mlflow_run", run),
        ("mlflow_figures", f"{run}/artifacts/figures/worst_mistakes.png"),
    ):
        page.goto(f"{place}?workflowType=machine_learning")
        page.wait_for_timeout(2 * SETTLING)
        for button in page.get_by_role("button", name="Close").all():
            button.click()
        page.wait_for_timeout(SETTLING)
        page.screenshot(path=IMAGES / f"{name}.png")


@contextmanager
def serve(port: int, program: str, *arguments: str) -> Iterator[str]:
    """Run a server of this environment; give its address once it answers."""
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    command = [str(BIN / program), *arguments, "--port", str(port)]
    server = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
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
