"""The migrations of the tables, one file each."""
