"""What accuracy this project reaches in one, five and thirty minutes."""
