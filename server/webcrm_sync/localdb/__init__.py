"""The embedded PostgreSQL, for installations without a PostgreSQL of their own."""
