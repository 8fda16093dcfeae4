"""The client of webCRM's REST API.

The engine calls `client.WebCrm`. `requests` builds the bodies of writes, `query` the scripts of
searches; `wire` and `errors` read the answers.
"""

from webcrm_sync.webcrm.client import WebCrm

__all__ = ["WebCrm"]
