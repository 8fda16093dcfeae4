"""Microsoft Graph: mailboxes, folders, mails and push, behind `client.GraphClient`."""
