"""Where image files come from: folders, archives, tables and IDX files, near and far."""

from onion_pipeline.images.sources.names import hide_credentials
from onion_pipeline.images.sources.opening import find_place, find_state, open_source
from onion_pipeline.images.sources.source import ImageSource, Refusal

__all__ = ["ImageSource", "Refusal", "find_place", "find_state", "hide_credentials", "open_source"]
