import logging

from onion_pipeline.parameters import PromoteParameters
from onion_pipeline.pipelines.promote import nodes
from onion_pipeline.pipelines.promote.pipeline import create_pipeline
from onion_pipeline.registry.aliases import Succession


def test_the_version_asked_for_is_promoted_and_one_line_says_so(
    run_nodes, base_parameters, monkeypatch, caplog
):
    def promote_version(name, version):
        return Succession(name, str(version), "3")

    monkeypatch.setattr(nodes.aliases, "promote_version", promote_version)
    with caplog.at_level(logging.INFO, "onion_pipeline"):
        made = run_nodes(
            create_pipeline(),
            {
                "params:promote": PromoteParameters(version=2),
                "params:register": base_parameters.register_,
            },
        )
    assert made == {}
    (line,) = [each.message for each in caplog.records if each.name == nodes.__name__]
    assert line.startswith("Version 2 of onion_pipeline is champion now, in place of version 3;")
