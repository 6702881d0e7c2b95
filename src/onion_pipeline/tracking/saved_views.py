"""A saved view of the table of runs: without one it shows neither figures nor parameters."""

import base64
import json
import time
import zlib

PREFIX = "mlflow.sharedViewState."
COMPARISON = "comparison"  # also in the address that `make ui` shows
COLUMNS = (
    "attributes.`Dataset`",
    "metrics.`test/accuracy`",
    "metrics.`test/macro_f1`",
    "metrics.`test/log_loss`",
    "metrics.`test/calibration_error`",
    "metrics.`validation_accuracy`",
    "params.`train.epochs`",
    "params.`train.learning_rate`",
    "params.`augment.copies`",
    "tags.`network`",
)


def make_view_tags() -> dict[str, str]:
    """Return the tag of an experiment that gives the MLflow UI a saved view, ``Comparison``.

    The UI keeps its views as such tags; one that a later version cannot read is not listed.
    """
    state = {
        "searchFilter": "",
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": list(COLUMNS),
        "columnOrder": [],
        "columnWidths": {},
        "runsHiddenMode": "FIRST_10_RUNS",
        "viewMaximized": False,
        "runListHidden": False,
        "isAccordionReordered": False,
        "useGroupedValuesInCharts": True,
        "hideEmptyCharts": True,
        "groupBy": None,
        "groupsExpanded": {},
    }
    packed = base64.b64encode(zlib.compress(json.dumps(state).encode())).decode()
    now = round(time.time() * 1000)
    times = {"createdAt": now, "updatedAt": now}
    view = {"name": COMPARISON.capitalize(), **times, "state": f"deflate;{packed}"}
    return {PREFIX + COMPARISON: json.dumps(view)}
