"""Runs, models and versions in MLflow; with the hooks the only importer of mlflow."""
