"""What MLflow runs to load a registered model: models from code need no pickle."""

import mlflow

from onion_pipeline.registry.classifier import ImageClassifier

mlflow.models.set_model(ImageClassifier())
