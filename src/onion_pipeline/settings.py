"""Project settings: see https://docs.kedro.org/en/stable/configure/configuration_basics/."""

from omegaconf.resolvers import oc

from onion_pipeline.configuration import ConfigLoader
from onion_pipeline.hooks.closing_summary import ClosingSummary
from onion_pipeline.hooks.interruption import Interruption
from onion_pipeline.hooks.messages import Messages
from onion_pipeline.hooks.outdated_artifacts import OutdatedArtifacts
from onion_pipeline.hooks.preflight import Preflight
from onion_pipeline.hooks.run_lock import RunLock
from onion_pipeline.hooks.tracking import Tracking

# The last is called first: mistakes are found before a run is tracked, what OutdatedArtifacts finds
# counts as missing for Tracking too, and Messages, which may end the process, speaks when the
# others have finished. The last two enclose them all.
HOOKS = (
    Messages(),
    ClosingSummary(),
    Tracking(),
    OutdatedArtifacts(),
    Preflight(),
    Interruption(),
    RunLock(),
)

CONFIG_LOADER_CLASS = ConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "config_patterns": {"mlflow": ["mlflow*"]},
    # One value in another environment, or of --params beside one, leaves the rest of its group.
    "merge_strategy": {"parameters": "soft"},
    "custom_resolvers": {"oc.env": oc.env},
}
