"""A small Outlook beside a small webCRM in the browser, to try the product without an account."""

from webcrm_sync_sandbox.screen.fixtures import DemoCompany, fill_sandbox
from webcrm_sync_sandbox.screen.server import ScreenServer

__all__ = ["DemoCompany", "ScreenServer", "fill_sandbox"]
