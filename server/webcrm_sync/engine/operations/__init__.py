"""What administrators see (`status`, `doctor`), what is deleted in time, and the clock."""
