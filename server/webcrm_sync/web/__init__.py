"""The web process: the add-in's pages, its API, and the receiver of Graph's notifications.

`app` puts the routes together; `access` says who may call each; `headers` and `errors` give every
answer its headers and its form; `lanes` divides the threads. `serving` is the HTTP server.
"""
