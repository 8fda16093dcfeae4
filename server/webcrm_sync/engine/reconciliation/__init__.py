"""Compares Outlook, webCRM and the database, and recovers a lost database."""
