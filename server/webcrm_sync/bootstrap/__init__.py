"""Builds the context from settings, database and clients. No other package connects them.

Each module imports only what it connects, so that a command loads no more than it uses.
"""
