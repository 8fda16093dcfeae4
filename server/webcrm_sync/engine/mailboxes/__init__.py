"""Adds, removes and maintains the mailboxes, their folders and their subscriptions."""
