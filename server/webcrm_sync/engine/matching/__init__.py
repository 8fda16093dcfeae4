"""Decides under which Organisations a mail is filed; it calls no service for that."""
