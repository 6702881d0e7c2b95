"""What watches a run: parameters, lineage, one message for an error, tracking, a summary."""

from onion_pipeline.hooks.checks import Checks
from onion_pipeline.hooks.closing_summary import ClosingSummary
from onion_pipeline.hooks.lineage import Lineage
from onion_pipeline.hooks.messages import Messages
from onion_pipeline.hooks.tracking import Tracking

__all__ = ["Checks", "ClosingSummary", "Lineage", "Messages", "Tracking"]
