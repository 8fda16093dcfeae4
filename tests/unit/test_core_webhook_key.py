"""The key that signs what is posted to a webhook."""

from __future__ import annotations

import base64

import pytest

from webcrm_sync.core.webhook_key import webhook_key

KEY = bytes(range(16))


def test_a_plain_secret_is_the_key_itself() -> None:
    assert webhook_key("sixteen letters!") == b"sixteen letters!"


def test_a_prefixed_secret_is_base64() -> None:
    assert webhook_key("whsec_" + base64.b64encode(KEY).decode()) == KEY


@pytest.mark.parametrize("secret", ["", "abc", "fifteen letters", "whsec_", "whsec_QUJD"])
def test_a_short_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match=r"^has fewer than 16 bytes$"):
        webhook_key(secret)


@pytest.mark.parametrize("secret", ["whsec_%%%", "whsec_QUJD" * 4, "whsec_QUJ"])
def test_a_prefixed_secret_that_is_no_base64_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match=r"^what follows whsec_ is no base64$"):
        webhook_key(secret)
