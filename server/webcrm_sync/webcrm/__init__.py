"""The client of webCRM's REST API."""

from webcrm_sync.webcrm.client import WebCrm

__all__ = ["WebCrm"]
