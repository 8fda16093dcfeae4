"""Files mails in webCRM, each exactly once."""
