"""The tables and every short transaction over them.

Each function takes the open transaction `tx` first. A query is named by its result
(`filings.due`), a change by a verb (`filing_claims.claim`). `seen` is a row as it was read before:
the change does nothing if another transaction has changed the row since.
"""
