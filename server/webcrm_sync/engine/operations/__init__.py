"""What administrators see, and what is deleted in time."""
