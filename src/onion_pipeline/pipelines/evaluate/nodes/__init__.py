"""Nodes that test the network: what predicts, what judges the predictions, and what draws both."""
