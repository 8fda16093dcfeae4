"""Every limit of the server: times, sizes and threads."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lane:
    """A group of requests with threads of their own; no other lane waits for them.

    `paths`: prefixes. `waiting`: how many requests may wait for a thread; the next gets 503.
    """

    name: str
    paths: tuple[str, ...]
    threads: int
    body_bytes: int
    waiting: int = 500


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of each connection and of all connections together.

    Each time is for the whole step, so that a client that sends one byte a second gains nothing.
    """

    #: From the connection to the end of the TLS handshake.
    handshake_s: float = 10
    #: From the connection, later from a request's first byte, to the end of its head.
    head_s: float = 10
    #: From the end of the head to the end of the body.
    body_s: float = 30
    #: Until the client has received the whole response.
    answer_s: float = 60
    #: Between two requests; longer than the 60 s for which proxies keep a connection by default.
    idle_s: float = 75
    #: After a refusal, so that the client can read it before the connection is reset.
    linger_s: float = 2
    #: For running requests when the process stops.
    grace_s: float = 8
    #: Between two checks of the deadlines.
    check_s: float = 0.5

    #: One head. A token of Entra takes 2 to 8 kB of it.
    head_bytes: int = 32_768
    #: Requests that a client may send before the first of them is answered.
    pipelined: int = 16
    #: Connections at a time. An open pane holds one or two, mostly waiting for a change.
    connections: int = 4000
    #: Bodies and responses of all connections together.
    held_bytes: int = 64_000_000
