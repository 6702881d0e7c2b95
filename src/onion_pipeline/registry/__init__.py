"""Versions of models in MLflow, and the decision which of them is champion."""
