"""Files that are whole, on disks that have room, under locks."""
