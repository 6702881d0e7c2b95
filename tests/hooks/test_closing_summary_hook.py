from kedro.io import DataCatalog
from kedro.pipeline import Pipeline

from onion_pipeline.hooks import ClosingSummary


def test_the_summary_is_printed_if_there_is_one(capsys, monkeypatch, make_node):
    monkeypatch.setattr(
        "onion_pipeline.hooks.closing_summary.summarize", lambda outputs, catalog: sorted(outputs)
    )
    pipeline = Pipeline([make_node("one"), make_node("two")])
    ClosingSummary().after_pipeline_run(pipeline, DataCatalog())
    assert capsys.readouterr().out == "\none\ntwo\n\n"
    ClosingSummary().after_pipeline_run(Pipeline([]), DataCatalog())
    assert capsys.readouterr().out == ""
