"""Kedro datasets of this project, in the conventions of kedro-datasets."""
