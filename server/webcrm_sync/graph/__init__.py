"""The client of Microsoft Graph and Entra: mail, folders, rules, subscriptions, tokens."""
