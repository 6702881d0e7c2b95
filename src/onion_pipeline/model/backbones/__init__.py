"""Pretrained networks, of which a model may be the continuation."""
