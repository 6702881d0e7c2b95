"""Other processes: jobs for them, memory and signals that they share with this one."""
