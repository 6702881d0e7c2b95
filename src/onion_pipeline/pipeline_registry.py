"""The pipelines of this project by name, in the order in which ``kedro run`` runs them."""

from kedro.pipeline import Pipeline

from onion_pipeline.pipelines.audit.pipeline import create_pipeline as create_audit
from onion_pipeline.pipelines.augment.pipeline import create_pipeline as create_augment
from onion_pipeline.pipelines.build.pipeline import create_pipeline as create_build
from onion_pipeline.pipelines.evaluate.pipeline import create_pipeline as create_evaluate
from onion_pipeline.pipelines.explain.pipeline import create_pipeline as create_explain
from onion_pipeline.pipelines.find_learning_rate.pipeline import (
    create_pipeline as create_find_learning_rate,
)
from onion_pipeline.pipelines.ingest.pipeline import create_pipeline as create_ingest
from onion_pipeline.pipelines.predict.pipeline import create_pipeline as create_predict
from onion_pipeline.pipelines.promote.pipeline import create_pipeline as create_promote
from onion_pipeline.pipelines.register.pipeline import create_pipeline as create_register
from onion_pipeline.pipelines.train.pipeline import create_pipeline as create_train
from onion_pipeline.pipelines.verify.pipeline import create_pipeline as create_verify


def register_pipelines() -> dict[str, Pipeline]:
    """Return the pipelines by their names, and the first seven in a row as ``__default__``.

    Named one by one, in the order of a run, and since ``verify`` is made of others' nodes.
    """
    steps = {
        "ingest": create_ingest(),
        "augment": create_augment(),
        "build": create_build(),
        "train": create_train(),
        "evaluate": create_evaluate(),
        "explain": create_explain(),
        "register": create_register(),
    }
    others = {
        "predict": create_predict(),
        "promote": create_promote(),
        "audit": create_audit(),
        "find_learning_rate": create_find_learning_rate(),
    }
    # A namespace makes one box of Kedro-Viz of a verb; data keep their names.
    pipelines = {
        verb: Pipeline(pipeline, namespace=verb, prefix_datasets_with_namespace=False)
        for verb, pipeline in (steps | others).items()
    }
    return {
        **pipelines,
        # It runs nodes of several pipelines again, in a namespace of its own.
        "verify": create_verify(sum(steps.values())),
        "__default__": sum(pipelines[verb] for verb in steps),
    }
