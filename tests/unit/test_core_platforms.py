"""Domains that do not identify an Organisation."""

from __future__ import annotations

import subprocess
import sys

import pytest

from webcrm_sync.core.addresses import find_domains
from webcrm_sync.core.matching import Directory, Matched, NoMatch, match_organisations
from webcrm_sync.core.message import Party
from webcrm_sync.core.platforms import is_platform


@pytest.mark.parametrize(
    "site",
    [
        "https://www.linkedin.com/company/kunde",
        "dk.linkedin.com/company/kunde",
        "lnkd.in/x",
        "https://da-dk.facebook.com/kunde",
        "m.facebook.com/kunde",
        "fb.me/kunde",
        "instagram.com/kunde",
        "https://twitter.com/kunde",
        "https://x.com/kunde",
        "https://www.youtube.com/@kunde",
        "youtu.be/kunde",
        "https://goo.gl/maps/x",
        "https://maps.app.goo.gl/x",
        "https://g.page/kunde",
        "https://sites.google.com/view/kunde",
        "https://www.google.dk/maps/place/kunde",
        "https://maps.google.co.uk/x",
        "bit.ly/kunde",
        "https://linktr.ee/kunde",
        "https://www.shopify.com/kunde",
        "https://myshopify.com",
        "wix.com/kunde",
        "https://wixsite.com/kunde",
        "https://github.io/kunde",
        "github.com/kunde",
        "https://sharepoint.com/sites/kunde",
        "onmicrosoft.com/kunde",
        "https://www.amazon.de/stores/kunde",
        "https://www.ebay.co.uk/str/kunde",
        "https://www.pinterest.dk/kunde",
        "https://blogspot.com/kunde",
        "https://wordpress.com/kunde",
        "https://www.trustpilot.com/review/kunde.example",
        "https://www.proff.dk/firma/kunde",
        "https://www.krak.dk/kunde",
        "https://www.tiktok.com/@kunde",
        "https://vimeo.com/kunde",
        "https://www.xing.com/companies/kunde",
        "https://wa.me/4512345678",
        "https://netlify.app",
        "https://www.airbnb.dk/rooms/1",
        "https://www.autoscout24.de/haendler/kunde",
        "https://forms.gle/x",
        "https://amzn.eu/d/x",
        "https://my.canva.site/kunde",
        "https://taplink.cc/kunde",
        "https://www.bilbasen.dk/forhandler/kunde",
        "https://wolt.com/da/dnk/aarhus/restaurant/kunde",
        "https://www.yell.com/biz/kunde",
        "https://dk.kompass.com/c/kunde",
        "https://www.patreon.com/kunde",
        "https://teams.microsoft.com/l/channel/x",
        "https://forms.office.com/r/x",
        "https://mastodon.social/@kunde",
        "https://www.eventbrite.co.uk/o/kunde-1",
        "https://business.site",
    ],
)
def test_a_page_on_a_platform_is_no_own_domain(site: str) -> None:
    (domain,) = find_domains(site)
    assert is_platform(domain)
    book = Directory(domains=((domain, 1),))
    assert match_organisations([Party(f"noreply@{domain}")], book) == NoMatch()


@pytest.mark.parametrize(
    "site",
    [
        "https://kunde.myshopify.com",
        "https://kunde.wixsite.com/home",
        "https://kunde.wordpress.com",
        "https://kunde.blogspot.com",
        "https://kunde.github.io",
        "https://kunde.sharepoint.com",
        "https://kunde.onmicrosoft.com",
        "https://kunde.netlify.app",
        "https://kunde.business.site",
        "https://kunde.squarespace.com",
        "https://www.kunde.dk",
        "https://kunde.co.uk",
        "https://fax.com",
        "https://notlinkedin.com",
        "https://google.kunde.dk",
        "https://amazon.myshopify.com",
        "https://linkedin.com.kunde.dk",
        "https://oslo.no",
        "https://kunde.example",
        "https://xn--bcher-kva.example",
    ],
)
def test_an_own_domain_is_recognised(site: str) -> None:
    (domain,) = find_domains(site)
    assert not is_platform(domain)
    assert isinstance(
        match_organisations([Party(f"eva@{domain}")], Directory(domains=((domain, 1),))), Matched
    )


_OFFLINE = """
import sys

def hook(event, _):
    if event in {"socket.getaddrinfo", "socket.connect"}:
        sys.exit("asked the network")

sys.addaudithook(hook)
from webcrm_sync.core.platforms import is_platform
sys.exit(not is_platform("vercel.app"))
"""


def test_the_list_is_not_fetched() -> None:
    subprocess.run([sys.executable, "-c", _OFFLINE], check=True, timeout=60)
