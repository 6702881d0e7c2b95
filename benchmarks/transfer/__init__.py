"""From photographs to a tested classifier, from the same pretrained weights, with several tools."""
