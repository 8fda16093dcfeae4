"""webCRM mail sync: joins Outlook mailboxes and webCRM."""
