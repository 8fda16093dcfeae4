"""The sync engine: each module is one job, each job safe to repeat."""
