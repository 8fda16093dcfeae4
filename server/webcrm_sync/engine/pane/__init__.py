"""The task pane in Outlook: what it shows of a mail and a mailbox, and what its buttons do.

A request about a mail passes these modules:

1. `mail_lookup` finds the mail in the person's own mailbox.
2. `copy_facts` reads what the tables hold about that copy and about other copies of the mail.
3. `mail_status_rules` decides what to show and what to offer. Pure.
4. `mail_status` puts the answer together.
5. `version_tokens` lets the pane ask later whether the answer still holds.

`actions` and `undo` change a mail: find it, check its status, act, return its new status.
`contacts`, `organisations`, `sender_rules` and `mailbox_status` serve the rest of the pane.
"""
