"""Copies mails that webCRM sent to the sender's Sent Items in Exchange."""
