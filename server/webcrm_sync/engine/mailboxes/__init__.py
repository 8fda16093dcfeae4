"""Adds, removes and maintains mailboxes with their folders and push subscriptions."""
