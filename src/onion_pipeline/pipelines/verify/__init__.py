"""Say whether a run today would make a registered version again."""
