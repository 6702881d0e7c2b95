"""Say how good the trained network is on images that it has never seen."""
