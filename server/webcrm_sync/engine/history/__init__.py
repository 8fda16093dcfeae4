"""What happened to a mail, in sentences."""
