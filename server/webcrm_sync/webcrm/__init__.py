"""The product's side of webCRM: `WebCrm` speaks its REST API."""

from webcrm_sync.webcrm.client import WebCrm

__all__ = ["WebCrm"]
