"""Tells people about troubles: decides each minute what to say, and sends it."""
