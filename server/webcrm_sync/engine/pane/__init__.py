"""What the task pane shows, and what its buttons do."""
