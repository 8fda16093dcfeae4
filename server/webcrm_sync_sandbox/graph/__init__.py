"""Simulated Microsoft Graph mail over HTTP."""

from webcrm_sync_sandbox.graph.app import Graph, error_body

__all__ = ["Graph", "error_body"]
