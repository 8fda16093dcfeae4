"""The client of Microsoft Graph and Entra: mail, folders, rules, subscriptions, tokens.

The engine calls `client.GraphClient`. In this package `fetch_`, `find_` and `list_` functions call
Graph, `read_` functions turn its answers into values of `core`.
"""
