"""Says which installation answers, so that `doctor` notices another one at PUBLIC_URL."""

from __future__ import annotations

from webcrm_sync.engine.local_context import LocalContext

SERVICE = "webcrm-sync"


def installation_ids(context: LocalContext) -> tuple[str, ...]:
    """An id for each key of SECRET_KEY, the current one first. It is public and reveals no key."""
    return context.cipher.derive_secrets(f"which installation answers for {context.tenant_id}")
