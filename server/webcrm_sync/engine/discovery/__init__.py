"""Finds new and changed mails in the sync folders, from Graph's notification to our rows.

The way of a mail: `notifications` accepts a notification and requests a reading, `discover` reads
the folder's delta, `page_reader` collects what a page does not say, and `page_writer` commits it:
`new_copies` adds rows, `known_copies` updates them. The `file` job goes on from there.
"""
