"""Make another version champion, such as the one before."""
