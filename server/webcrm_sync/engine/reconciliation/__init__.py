"""Compares Outlook, webCRM and our rows, fixes differences, and recovers a lost database.

`prove` runs the comparison: `outlook` compares a mailbox, `webcrm` a page of Activities, and
`differences` decides what differs. `recover` rebuilds the rows. Both use `adopt` to attribute
unknown Activities to mails.
"""
