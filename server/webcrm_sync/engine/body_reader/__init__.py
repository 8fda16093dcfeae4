"""Turns the bodies of mails into text within limits of time and memory."""
