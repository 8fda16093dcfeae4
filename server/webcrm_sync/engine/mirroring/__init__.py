"""Mails sent from webCRM appear in Exchange."""
