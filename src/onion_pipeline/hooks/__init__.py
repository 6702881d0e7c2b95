"""What watches a run: one at a time, checked before it begins, tracked, ended with a word."""
