"""The commands of this project that differ from Kedro's own; Kedro looks for ``cli`` here.

See https://docs.kedro.org/en/stable/extend/common_use_cases/. Kedro imports this for each of its
commands, so that what ``kedro run`` needs is imported by ``kedro run`` alone.
"""

import lazy_loader
from kedro.framework.cli.utils import LazyGroup

cli = LazyGroup(name="kedro", lazy_subcommands={"run": "onion_pipeline.cli.command.run"})

# Kedro looks for ``run`` here if the package is run without its command.
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={"command": ["run"]})
