"""The HTTP/1.1 server in front of the Flask application (ADR 22).

One thread runs an asyncio event loop that holds every connection. A request takes a worker thread
only when it has arrived whole, so a slow client holds a socket and some kilobytes, never a thread.
A request passes, in this order:

1. `listening`: an `Acceptor` accepts the socket and makes a `Connection` of it.
2. `open_connections`: admits the connection. If there are too many, or if they hold too much
   memory, it closes the slowest ones of the address that has the most.
3. `connection`: does the TLS handshake, then feeds what arrives to
4. `request`: a `RequestReader`, which parses heads and bodies and refuses what is too large.
5. `workers`: queues the whole request for a thread of its lane; `server` picks the lane by path.
6. `wsgi`: calls the application in that thread and turns its response into bytes.
7. `deferred`: keeps a response that is to change later, and frees the thread.
8. `connection`: writes the response, then reads the next request.

`limits` names the time and the size of each step. `server` runs the loop, checks the deadlines
twice a second and shuts everything down.
"""
