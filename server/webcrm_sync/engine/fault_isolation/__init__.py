"""One failing mail stops no other mail, and one failing job delays only itself.

`isolate` runs a step over many things and finds the one that raises, `incidents` holds that one
back, `crash_markers` finds what kills a worker, `job_backoff` delays a job that fails as a whole.
"""
