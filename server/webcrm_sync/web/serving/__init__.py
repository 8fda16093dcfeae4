"""The HTTP server in front of the application.

One thread (`server`, `connection`) holds every connection: it secures it, reads a request whole,
and writes the answer, each within the time and size that `bounds` names. Only a request that has
arrived whole takes one of the threads of its lane (`workers`), where the application answers it
(`wsgi`). So a slow client holds a socket and some kilobytes, never a thread, and `crowd` takes
even those away where others need them.
"""
