"""Items: the copies of mails in mailboxes, each with its state."""
