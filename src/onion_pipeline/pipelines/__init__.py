"""One package per verb: ``nodes.py`` adapts, ``pipeline.py`` wires."""
