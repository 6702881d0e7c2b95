"""What a person waits for before anything happens."""
