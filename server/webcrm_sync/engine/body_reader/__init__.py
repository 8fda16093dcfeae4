"""Reads the bodies of mails within bounds of time and memory."""
