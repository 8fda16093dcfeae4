"""The checks of `doctor`: each looks at one part once and says how to fix what is wrong.

They need no more than they look at: those of this machine need the settings, those of Microsoft and
webCRM a client, those of the tables the database. So each runs while another part is missing. A new
check is a function in the module of its part.
"""

from webcrm_sync.engine.operations.doctor.check import Check, Verdict
from webcrm_sync.engine.operations.doctor.run import run_checks

__all__ = ["Check", "Verdict", "run_checks"]
