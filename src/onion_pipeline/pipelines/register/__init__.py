"""Register the trained network in MLflow."""
