"""Finds the mails in the sync folders and writes their arrivals down."""
