"""How long and how much: every limit of the server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lane:
    """Requests that share threads; no other lane waits for them.

    `paths`: prefixes. `waiting`: how many may wait for a thread; the next one is answered 503.
    """

    name: str
    paths: tuple[str, ...]
    threads: int
    body_bytes: int
    waiting: int = 500


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds are for the whole step, so a client that drips a byte a second gains nothing."""

    #: from the connection to the end of TLS's handshake
    handshake_s: float = 10
    #: from the connection, later from a request's first byte, to the end of its head
    head_s: float = 10
    body_s: float = 30
    #: until the client has taken the whole answer
    answer_s: float = 60
    #: between two requests; longer than the 60 s for which proxies keep a connection by default
    idle_s: float = 75
    #: after a refusal, for the client to read it before the connection is reset
    linger_s: float = 2
    #: for requests in work when the process is to stop
    grace_s: float = 8
    #: How often the deadlines are looked at.
    beat_s: float = 0.5

    #: A token of Entra's takes 2 to 8 kB of the head.
    head_bytes: int = 32_768
    #: Requests sent before the first of them is answered.
    pipelined: int = 16
    #: An open pane holds one or two, most of the time in a look that waits for news.
    connections: int = 4000
    #: Bodies and answers of all connections together.
    held_bytes: int = 64_000_000
