"""How much of its accuracy a classifier keeps when pictures are damaged."""

from collections.abc import Iterable

from onion_pipeline.annotations import DataFrame, Ids


def tabulate_robustness(
    labels: Ids, clean: Ids, damaged: Iterable[tuple[str, str, int, Ids]]
) -> DataFrame:
    """Return the accuracy under each corruption and severity.

    Pictures have these `labels`, int64 (N,), and are taken for `clean` as they are; `damaged` has
    of each corruption and severity its name, its category, the severity and the predicted classes.

    Returns:
        Columns ``corruption``, ``category``, ``severity``, ``accuracy``, ``error``,
        ``clean_accuracy`` (of the same pictures as they are) and ``images``.
    """
    import pandas as pd

    rows = [
        (name, category, severity, float((predicted == labels).mean()))
        for name, category, severity, predicted in damaged
    ]
    table = pd.DataFrame(rows, columns=["corruption", "category", "severity", "accuracy"])
    return table.assign(
        error=1 - table["accuracy"],
        clean_accuracy=float((clean == labels).mean()) if len(labels) else 0.0,
        images=len(labels),
    )


def measure_robustness(robustness: DataFrame) -> dict[str, float]:
    """Return the figures of a table of :func:`tabulate_robustness`.

    Returns:
        ``mean_corruption_error``: the mean error over all corruptions and severities, as for
        CIFAR-10-C (on ImageNet-C it is divided by that of AlexNet); ``corruption_error_added``:
        what of it is more than the error on the same pictures as they are;
        ``worst_corruption_accuracy``: under the corruption that costs the most, on average over
        its severities. None of them if nothing was damaged.

    Source: Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common
    Corruptions and Perturbations", ICLR 2019.
    """
    if robustness.empty:
        return {}
    mean = float(robustness["error"].mean())
    by_corruption = robustness.groupby("corruption")["accuracy"].mean()
    return {
        "mean_corruption_error": mean,
        "corruption_error_added": mean - float(1 - robustness["clean_accuracy"].iloc[0]),
        "worst_corruption_accuracy": float(by_corruption.min()),
    }
