"""Outgoing calls: trusted certificates, proxies, bounds, Retry-After."""
