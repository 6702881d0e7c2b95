"""One MLflow run for each ``kedro run``; with `registry/` the only importer of mlflow."""
