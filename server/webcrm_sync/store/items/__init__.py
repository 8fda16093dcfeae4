"""Items: the copies of mails in mailboxes, each with its state.

No module outside this package writes their rows. `item` is a row as a value, `locks` keeps the
order of locks and `lookup` finds copies. `item_records` keeps what Outlook shows of a copy,
`transitions` changes states, `marks` plans and records categories. `undecided` and `pending` list
the mails that were found and those that wait.
"""
