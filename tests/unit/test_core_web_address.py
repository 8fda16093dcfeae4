"""Addresses in settings: valid ones, and those of this machine."""

from __future__ import annotations

import pytest

from webcrm_sync.core.web_address import (
    check_link_pattern,
    is_loopback,
    is_unencrypted,
    normalize_url,
)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("https://api.webcrm.com", "https://api.webcrm.com"),
        ("https://api.webcrm.com///", "https://api.webcrm.com"),
        ("HTTPS://Graph.Microsoft.COM/v1.0/", "https://graph.microsoft.com/v1.0"),
        ("https://x.example:8443/A/b", "https://x.example:8443/A/b"),
        ("https://x.example:", "https://x.example"),
        ("https://[2001:DB8::1]:444/", "https://[2001:db8::1]:444"),
        ("http://127.0.0.1:9000/v1.0", "http://127.0.0.1:9000/v1.0"),
        ("https://bücher.example", "https://bücher.example"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://sync_1.example/x y", "https://sync_1.example/x y"),
        ("https://x.example.", "https://x.example."),
        (f"https://{'x' * 253}", f"https://{'x' * 253}"),
    ],
)
def test_an_address_has_one_plain_form(text: str, plain: str) -> None:
    assert normalize_url(text) == normalize_url(plain) == plain


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "x",
            "graph.microsoft.com",
            "https://",
            "https:///x",
            "//x.example",
            "https:x.example",
        ),
        *("ftp://x.example", "javascript:alert(1)", "data:,x", "file:///etc/passwd"),
        *("https://hush@x.example", "https://a:hush@x.example", "https://@x.example"),
        *("https://x.example@hush.example", "https://hush%40x.example"),
        *("https://x.example/?hush", "https://x.example/#hush", "https://x.example?", "https://x#"),
        *("https://x.example:99999", "https://x.example:0", "https://x.example:-1"),
        *("https://x.example:1x", "https://x.example:٣"),
        *(
            "https://x example",
            "https://x.example\t",
            "https://x.exa\nmple",
            "https://x.example\\y",
        ),
        *("https://x\x00.example", "https://x.example/\x1b[2J", "https://x\u202e.example"),
        *("https://[fe80::1%25eth0]", "https://[fe80::1%eth0]", "https://[::1", "https://::1]"),
        *("https://[127.0.0.1]", "https://[x]", "https://fe80::1"),
        *("https://2130706433", "https://0x7f.1", "https://0x7f000001", "https://0177.0.0.1"),
        *("https://127.1", "https://1.2.3.4.5", "https://256.1.1.1", "https://01.2.3.4"),
        *(
            "https://x..example",
            "https://.example",
            "https://*.example",
            "https://x;y",
            "https://x,y",
        ),
        *("https://x.example/a\\b", "https://x.example/\u2028", "https://x.example/\u2029"),
        *("https://" + "x" * 254, "https://x'y", 'https://x"y', "https://<x>", "https://{id}"),
    ],
)
def test_an_invalid_address_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(has|contains|must)") as found:
        normalize_url(text)
    assert "hush" not in str(found.value)


def test_a_query_is_accepted_only_where_allowed() -> None:
    assert (
        normalize_url("https://x.example/o.js?v=1", allow_query=True)
        == "https://x.example/o.js?v=1"
    )
    with pytest.raises(ValueError, match="#"):
        normalize_url("https://x.example/o.js?v=1#x", allow_query=True)


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        *((one, True) for one in ("localhost", "LOCALHOST", "localhost.", "a.b.localhost")),
        *((one, True) for one in ("127.0.0.1", "127.255.0.9", "::1", "0:0:0:0:0:0:0:1")),
        *((one, False) for one in ("127.0.0.1.evil.example", "localhost.evil.example", "")),
        *((one, False) for one in ("evillocalhost", "0.0.0.0", "::", "10.0.0.1", "128.0.0.1")),
        *((one, False) for one in ("2130706433", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1%x")),
        *((one, False) for one in ("::ffff:127.0.0.1", "fe80::1", "::1%lo", "１２７.0.0.1")),
        *((one, False) for one in ("ⓛocalhost", "lоcalhost", "localhost..", " localhost")),
    ],
)
def test_this_machine_is_recognised_by_its_names(host: str, is_here: bool) -> None:
    assert is_loopback(host) is is_here


def test_an_unencrypted_address_of_another_machine_is_open() -> None:
    for url in ("https://x.example", "http://localhost:1", "http://[::1]:1", "http://127.9.9.9"):
        assert not is_unencrypted(normalize_url(url))
    for url in (
        "http://x.example",
        "HTTP://10.0.0.1",
        "http://127.0.0.1.evil.example",
        "http://[::2]",
    ):
        assert is_unencrypted(normalize_url(url))


@pytest.mark.parametrize(
    "text",
    [
        *("", "https://crm.example/o/{id}", "http://crm.example/?o={id}&tab=1"),
        *("https://crm.example/#/organisations/{id}/{id}", "https://crm.example?o={id}"),
        *("http://127.0.0.1:1/?organisation={id}", "https://crm.example:8443/A/X%20b/{id}"),
    ],
)
def test_a_link_has_one_placeholder_for_the_number(text: str) -> None:
    assert check_link_pattern(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("https://crm.example/o/", "https://crm.example/{ID}", "https://crm.example/{id}/{name}"),
        *("https://crm.example/{id", "https://crm.example/{{id}}", "https://crm.example/{id}{}"),
        *("javascript:alert({id})", "JaVaScRiPt:{id}", " javascript:{id}", "data:text/html,{id}"),
        *("java\nscript:{id}", "vbscript:{id}", "//crm.example/{id}", "/o/{id}", "{id}"),
        *("https://{id}.evil.example/", "https://{id}/x", "https://crm.example:{id}/"),
        *(
            "https://{id}@crm.example/",
            "https://a:hush@crm.example/{id}",
            "https://crm.example\\{id}",
        ),
        *('https://crm.example/"{id}', "https://crm.example/<{id}>", "https://crm.example/ {id}"),
        *("https:///{id}", "https://?{id}", "https:{id}", "http:/crm.example/{id}"),
    ],
)
def test_an_invalid_link_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(has|contains|must)") as found:
        check_link_pattern(text)
    assert "hush" not in str(found.value)
