"""A small Outlook beside a small webCRM in the browser: everything by hand, without an account."""

from webcrm_sync.sandbox.screen.seed import Cast, furnish
from webcrm_sync.sandbox.screen.window import Window

__all__ = ["Cast", "Window", "furnish"]
