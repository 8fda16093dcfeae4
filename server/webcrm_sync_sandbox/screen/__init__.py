"""A small Outlook beside a small webCRM in the browser: everything by hand, without an account."""

from webcrm_sync_sandbox.screen.fixtures import Cast, furnish
from webcrm_sync_sandbox.screen.server import Window

__all__ = ["Cast", "Window", "furnish"]
