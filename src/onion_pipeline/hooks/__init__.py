"""What watches a run: one at a time, checked before it begins, tracked, ended with a word."""

from onion_pipeline.hooks.artifact_origins import ArtifactOrigins
from onion_pipeline.hooks.closing_summary import ClosingSummary
from onion_pipeline.hooks.interruption import Interruption
from onion_pipeline.hooks.messages import Messages
from onion_pipeline.hooks.preflight import Preflight
from onion_pipeline.hooks.run_lock import RunLock
from onion_pipeline.hooks.tracking import Tracking

__all__ = [
    "ArtifactOrigins",
    "ClosingSummary",
    "Interruption",
    "Messages",
    "Preflight",
    "RunLock",
    "Tracking",
]
