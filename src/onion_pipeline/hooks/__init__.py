"""What watches a run: checked parameters, one message for an error, tracking, a summary."""

from onion_pipeline.hooks.checks import Checks
from onion_pipeline.hooks.closing_summary import ClosingSummary
from onion_pipeline.hooks.messages import Messages
from onion_pipeline.hooks.tracking import Tracking

__all__ = ["Checks", "ClosingSummary", "Messages", "Tracking"]
