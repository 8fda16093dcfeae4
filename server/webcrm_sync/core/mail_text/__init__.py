"""The body of a mail as text: HTML laid out, links unwrapped, blanks and fillers cleaned."""
