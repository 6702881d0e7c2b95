"""Augmented pictures per second and core, with several tools."""
