"""From the start of a process to a tested classifier, with several tools."""
