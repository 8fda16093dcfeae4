"""Domains that many Organisations share, so that they identify none of them."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tldextract import TLDExtract

#: Sites with pages of many Organisations. Subdomains mean nothing (`dk.linkedin.com`).
# fmt: off
_SITES = frozenset(
    {
        # social networks and video
        "linkedin.com", "lnkd.in", "facebook.com", "fb.com", "fb.me", "m.me", "messenger.com",
        "instagram.com", "instagr.am", "threads.net", "threads.com", "twitter.com", "x.com",
        "t.co", "tiktok.com", "youtube.com", "youtu.be", "vimeo.com", "snapchat.com",
        "reddit.com", "xing.com", "kununu.com", "bsky.app", "vk.com", "ok.ru", "weibo.com",
        "whatsapp.com", "wa.me", "t.me", "telegram.me", "discord.com", "discord.gg",
        "twitch.tv", "soundcloud.com", "spotify.com", "flickr.com", "behance.net",
        "dribbble.com", "issuu.com", "slideshare.net", "meetup.com", "myspace.com",
        "mastodon.social", "line.me", "wechat.com", "weixin.qq.com", "viber.com", "signal.me",
        "quora.com", "nextdoor.com", "patreon.com", "kickstarter.com", "gofundme.com",
        "500px.com", "scribd.com", "yumpu.com", "researchgate.net", "youtube-nocookie.com",
        "livejournal.com", "blogger.com", "billetto.com", "billetto.dk", "place2book.com",
        # short addresses and lists of links
        "goo.gl", "g.page", "g.co", "bit.ly", "tinyurl.com", "ow.ly", "buff.ly", "is.gd",
        "cutt.ly", "rebrand.ly", "shorturl.at", "linktr.ee", "beacons.ai", "lnk.bio",
        "about.me", "aka.ms", "1drv.ms", "forms.gle", "amzn.to", "amzn.eu", "a.co", "paypal.me",
        "linkin.bio", "bio.site", "bio.link", "taplink.cc", "campsite.bio", "hoo.be", "solo.to",
        "flowpage.com", "rb.gy", "t.ly", "v.gd", "tiny.cc", "qrco.de", "onelink.me", "app.link",
        # shops and marketplaces
        "shopify.com", "shop.app", "etsy.com", "alibaba.com", "aliexpress.com", "dba.dk",
        "finn.no", "blocket.se", "kleinanzeigen.de", "mobile.de", "gumroad.com",
        "ebay-kleinanzeigen.de", "guloggratis.dk", "bilbasen.dk", "boligsiden.dk", "hemnet.se",
        "tradera.com", "dhgate.com", "made-in-china.com", "1688.com", "marktplaats.nl",
        "2dehands.be", "leboncoin.fr", "subito.it", "craigslist.org", "just-eat.dk", "wolt.com",
        "hungry.dk", "ubereats.com",
        # registers, directories and reviews
        "trustpilot.com", "booking.com", "foursquare.com", "crunchbase.com", "europages.com",
        "wlw.de", "kompass.com", "yell.com", "yellowpages.com", "cvrapi.dk", "jobindex.dk",
        "stepstone.de", "upwork.com", "fiverr.com", "freelancer.com", "wikidata.org",
        "northdata.com", "northdata.de", "proff.dk", "proff.no", "proff.se", "proff.fi",
        "krak.dk", "degulesider.dk", "eniro.dk", "eniro.se", "gulesider.no", "1881.no",
        "hitta.se", "allabolag.se", "merinfo.se", "virk.dk", "ownr.dk", "paqle.dk",
        "gelbeseiten.de", "dasoertliche.de", "11880.com", "herold.at", "local.ch",
        "search.ch", "pagesjaunes.fr", "paginegialle.it", "goudengids.nl", "wikipedia.org",
        # code, documents and app stores
        "github.com", "gitlab.com", "bitbucket.org", "sourceforge.net", "huggingface.co",
        "notion.so", "canva.com", "calendly.com", "typeform.com", "dropbox.com",
        "apps.apple.com", "itunes.apple.com", "maps.apple.com", "apps.microsoft.com",
        "forms.office.com", "outlook.office.com", "teams.microsoft.com", "onedrive.live.com",
        "my.canva.site", "trello.com", "waze.com", "openstreetmap.org", "bing.com",
    }
)
#: Such sites in every country's domain (`google.dk`, `amazon.co.uk`).
_COUNTRY_SITES = frozenset(
    {
        "google", "amazon", "ebay", "pinterest", "tripadvisor", "yelp", "airbnb", "eventbrite",
        "autoscout24", "immobilienscout24", "indeed", "glassdoor", "opentable", "thefork",
        "gumtree", "mercadolibre", "rakuten", "foodora",
    }
)
#: Hosting providers that the list of public suffixes lacks. A subdomain belongs to one Organisation
#: (`kunde.wordpress.com`).
_HOSTS = frozenset(
    {
        "wix.com", "editorx.io", "squarespace.com", "weebly.com", "wordpress.com", "tumblr.com",
        "medium.com", "substack.com", "ghost.io", "jimdo.com", "jimdofree.com", "jimdosite.com",
        "webnode.com", "webnode.dk", "webnode.se", "webnode.page", "mono.site", "site123.me",
        "strikingly.com", "mystrikingly.com", "webflow.com", "godaddysites.com", "yolasite.com",
        "business.site", "negocio.site", "ueniweb.com", "square.site", "bigcartel.com",
        "dandomain.dk", "shopfactory.com", "mystore.no", "wikinggruppen.se", "abicart.se",
        "sharepoint.com", "onmicrosoft.com", "microsoftonline.com", "powerappsportals.com",
        "atlassian.net", "zendesk.com", "freshdesk.com", "hubspot.com", "hs-sites.com",
        "salesforce.com", "force.com", "mailchimp.com", "mailchi.mp", "campaign-archive.com",
        "bsky.social", "carrd.co", "framer.website", "framer.ai", "canva.site", "lovable.app",
        "teamtailor.com", "recman.no", "bandcamp.com", "my.salesforce-sites.com",
    }
)
# fmt: on
@cache
def _domain_splitter() -> TLDExtract:
    """Splits a domain by the list in the installed package; nothing is downloaded.

    The list's private section names hosting providers. A suffix of the other section (`oslo.no`)
    may have mailboxes of its own.
    """
    from tldextract import TLDExtract  # here, since it imports requests: a command starts faster

    return TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


@lru_cache(maxsize=4096)
def is_platform(domain: str) -> bool:
    """True for a folded domain that many Organisations share.

    `kunde.myshopify.com` belongs to one Organisation, `myshopify.com` does not.

    >>> [is_platform(d) for d in ("dk.linkedin.com", "myshopify.com", "kunde.myshopify.com")]
    [True, True, False]
    """
    labels = domain.split(".")
    above = {".".join(labels[n:]) for n in range(len(labels))}
    if domain in _HOSTS or not above.isdisjoint(_SITES):
        return True
    parts = _domain_splitter()(domain)
    if parts.is_private:
        return not parts.domain
    return parts.domain in _COUNTRY_SITES
