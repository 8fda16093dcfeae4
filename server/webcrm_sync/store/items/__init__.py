"""Items: the copies of mails in mailboxes, each with its state.

No module outside this package writes their rows. `item` is a row as a value. `lookup` finds
copies, and `locks` locks them in one order. `item_records` records what Outlook shows of a copy,
`transitions` changes states, `marks` plans and records categories. `undecided` lists the mails
that were found, `pending` those that wait.
"""
