"""HTML of systems: gateways, tickets, shops, forms, calendars."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from bench.reading import outlook, programs
from bench.reading.words import Writer


def gateway_in_front(w: Writer) -> str:
    """A gateway's notice as a separate document before the mail."""
    return (
        "<html><head><style>.notice{color:#900}</style></head><body><table border=1><tr><td "
        f'bgcolor="#ffeb9c"><b>{escape(w.language.notice)}</b></td></tr></table><br></body></html>'
        + outlook.web(w)
    )


def gateway_behind(w: Writer) -> str:
    """A disclaimer after the end of the mail's document."""
    notice = escape(w.language.notice)
    return outlook.desktop(w) + f"<br><hr><p><font size=1>{notice} {w.reference()}</font></p>\r\n"


def gateway_banner(w: Writer) -> str:
    """A banner table within the body, with hidden markers around it."""
    banner = (
        '<!-- BaNnErBlUrFlE-BoDy-start --><div style="display:none !important; visibility:hidden; '
        f'opacity:0; font-size:0">{escape(w.language.items[0])} ZjQcmQRYFpfptBanner</div><table '
        'align="center" style="width:100%;border:2px solid #c00"><tr><td style="padding:8px"><span '
        f'style="font-size:12px">{escape(w.language.notice)}</span></td></tr></table>'
        "<!-- BaNnErBlUrFlE-BoDy-end -->"
    )
    return programs.apple(w).replace('after-white-space;">', f'after-white-space;">{banner}', 1)


def _safe(address: str) -> str:
    return (
        "https://emea01.safelinks.protection.outlook.com/?url="
        f"{quote(address, safe='')}&amp;data=05%7C02%7Cann%40firma.example%7C{'8f1c' * 16}"
        f"&amp;sdata={'Zk9' * 20}%3D&amp;reserved=0"
    )


def safe_links(w: Writer) -> str:
    """Links that a gateway has wrapped, with unchanged texts."""
    links = "".join(
        f'<p>{escape(text)} <a href="{_safe("https://kunde.example/plan?no=" + w.reference())}" '
        f'originalsrc="https://kunde.example/plan">{escape(w.language.headings[0])} {number}</a>, '
        f'<a href="{_safe("https://www.kunde.example/")}">www.kunde.example</a>.</p>'
        for number, text in enumerate(w.paragraphs(4))
    )
    return f'<html><head></head><body lang="DA">{links}</body></html>'


def proofpoint(w: Writer) -> str:
    """Links in the form of another gateway, an address inside words."""
    links = "".join(
        '<div style="margin:0"><a href="https://urldefense.example/v3/__https://kunde.example/'
        f'{w.reference()}__;!!{"AbC9" * 12}$">{escape(what)}</a>: {price} '
        '<a href="mailto:eva@kunde.example">Eva</a></div>'
        for what, _, price in w.lines(6)
    )
    return f"<html><body>{links}<p>{escape(w.paragraphs(1)[0])}</p></body></html>"


def zendesk(w: Writer) -> str:
    """A ticket: a line above which to reply, comments with portraits."""
    comments = "".join(
        '<table width="100%" cellpadding="0" cellspacing="0" role="presentation"><tr><td '
        'width="100%" '
        'style="padding: 15px 0; border-top: 1px dotted #c5c5c5;"><table width="100%"><tr><td '
        'valign="top" style="padding: 0 15px"><img width="40" height="40" alt="" src="https://bild.'
        'example/a.png"></td><td width="100%" style="padding: 0"><p '
        'style="font-size:15px;margin:0">'
        f"<strong>Eva Holm</strong> (Kunde)</p><p>{w.language.sent}</p><div class='zd-comment' "
        f'dir="auto"><p dir="ltr">{escape(text)}</p></div></td></tr></table></td></tr></table>'
        for text in w.paragraphs(w.rng.randint(3, 12))
    )
    return (
        '<!DOCTYPE html><html lang="da"><head><meta charset="utf-8"><style type="text/css">'
        "table td "
        "{border-collapse: collapse;} body[dir=rtl] .directional_text_wrapper{direction: rtl;}"
        '</style></head><body style="width: 100%!important"><div style="padding: 10px; color: '
        f'#b5b5b5;">##- {escape(w.language.headings[0])} -##</div>{comments}<span style="color:'
        '#FFFFFF" aria-hidden="true">[1A2B3C-4D5E]</span><div style="display:none">ticket-id '
        "4711</div></body></html>"
    )


def jira(w: Writer) -> str:
    """A change of an issue: fields in a table, a code macro, links as keys."""
    fields = "".join(
        f'<tr><th style="text-align:left">{escape(what)}:</th><td><span class="diffremovedchars" '
        f'style="text-decoration:line-through">{count}</span> <span class="diffaddedchars">{price}'
        "</span></td></tr>"
        for what, count, price in w.lines(5)
    )
    return (
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"><base '
        'href="https://tickets.example"></head><body class="jira"><table id="background-table"><tr>'
        f'<td><h1><a href="https://tickets.example/browse/AB-12">AB-12</a> {w.reference()}</h1>'
        f'</td></tr><tr><td><table class="keyvalue-table">{fields}</table></td></tr></table>'
        f'<div class="code panel"><pre class="code-java">if (hall.isFree()) '
        f"{{\n    crane.come();\n}}"
        f"</pre></div><blockquote>{escape(w.paragraphs(1)[0])}</blockquote></body></html>"
    )


def freshdesk(w: Writer) -> str:
    """A helpdesk's answer: paragraphs in `div dir`, its own form of quote, a rating."""
    ratings = "".join(
        f'<td><a href="https://hilfe.example/r/{n}" style="display:block">{escape(item)}</a></td>'
        for n, item in enumerate(w.language.items[:3])
    )
    told = "".join(f'<p dir="ltr"><br>{escape(text)}</p>' for text in w.paragraphs(2))
    return (
        f'<div style="font-size:14px; font-family:Helvetica"><div dir="ltr">{w.language.greeting}'
        f'{told}</div><table><tbody><tr>{ratings}</tr></tbody></table><div class="freshdesk_quote">'
        f'<blockquote class="freshdesk_quote">{escape(w.language.wrote, quote=False)}<br>'
        f"{'<br>'.join(escape(t) for t in w.paragraphs(3))}</blockquote></div></div>"
    )


def order(w: Writer) -> str:
    """A shop's confirmation: a long table, a table of sums, addresses side by side."""
    rows = "".join(
        f'<tr class="item"><td align="left"><strong>{escape(what)}</strong><br>Art. {w.reference()}'
        f'</td><td align="center">{count} x</td><td align="right">&euro;&nbsp;{price}</td></tr>\n'
        for what, count, price in w.lines(w.rng.randint(20, 250))
    )
    names = "".join(f"<th>{escape(h)}</th>" for h in w.language.headings)
    return (
        f"<!DOCTYPE html>\n<html><head><title>{w.reference()}</title></head><body><h1>"
        f"{escape(w.language.greeting)}</h1><p>{escape(w.paragraphs(1)[0])}</p><table><thead><tr>"
        f"{names}</tr></thead><tbody>{rows}</tbody><tfoot><tr><td colspan=2>Total<td>&#8364;"
        "12.345,00</tfoot></table><table><tr><td>Ann Lind<br>Havnevej 4<br>8000 Aarhus C</td><td>"
        "Gr&uuml;ne Stra&szlig;e 7<br>24103 Kiel</td></tr></table><dl><dt>IBAN</dt><dd>DK50 0040 "
        "0440 1162 43</dd></dl></body></html>"
    )


def invoice(w: Writer) -> str:
    """An invoice of an accounting system: absolute widths, powers, small print."""
    rows = "".join(
        "<TR VALIGN=top>" + "".join(f"<TD NOWRAP><FONT SIZE=2>{escape(c)}</FONT>" for c in line)
        for line in w.lines(w.rng.randint(4, 12))
    )
    return (
        f"<HTML><HEAD><META NAME=GENERATOR CONTENT=ERP></HEAD><BODY><H3>Faktura "
        f"{w.reference()}</H3>"
        f"<TABLE WIDTH=100% BORDER=1>{rows}</TABLE><P>25 m<SUP>2</SUP> &agrave; 40,00 = "
        f"1&nbsp;000,00"
        f"<BR>H<SUB>2</SUB>O<P><SMALL>{escape(w.language.notice)}</SMALL></BODY></HTML>"
    )


def web_form(w: Writer) -> str:
    """A mail of a web form: labels and answers, in a table or as a list."""
    pairs = [(heading, escape(w.paragraphs(1)[0])) for heading in w.language.headers]
    if w.rng.random() < 0.5:
        return "".join(f"<b>{name}:</b> {value}<br>\n" for name, value in pairs)
    rows = "".join(
        f'<tr bgcolor="#EAF2FA"><td colspan="2"><strong>{name}</strong></td></tr><tr><td '
        f'width="20">&nbsp;</td><td>{value}</td></tr>\n'
        for name, value in pairs
    )
    return f'<table width="99%" border="0" cellpadding="1"><tr><td><table>{rows}</table></td></tr>'


def meeting(w: Writer) -> str:
    """An invitation with the rules of an online meeting below its underscores."""
    return (
        f'<html><head></head><body><div>{escape(w.paragraphs(1)[0])}</div><br><div style="width:'
        f'100%"><span style="white-space:nowrap;color:#5F5F5F">{"_" * 80}</span></div><div class="'
        'me-email-text" style="color:#252424;" lang="da"><div style="margin-top:24px"><span '
        f'style="font-size:24px">{escape(w.language.title)}</span></div><div><a class="me-email-'
        'headline" href="https://moede.example/l/1">Join</a></div><div><span>ID: </span><span>381 '
        "204 117 90</span></div><div><span>Code: </span><span>xK7pq2</span></div></div></body>"
        "</html>"
    )


def calendar(w: Writer) -> str:
    """An invitation of a web calendar: microdata, hidden times, rows of guests."""
    return (
        '<span itemscope itemtype="http://schema.org/InformAction"><span style="display:none" '
        'itemprop="about" itemscope><meta itemprop="description" content="hidden"/></span><span '
        'itemprop="object" itemscope><div style=""><table cellspacing="0" style="width:100%"><tr>'
        f'<td><h3><span itemprop="name">{w.reference()}</span></h3><time itemprop="startDate" '
        f'datetime="20260203T091200Z"></time><div>{w.language.sent}</div></td></tr><tr><td><div>'
        f'<span>Eva Holm</span><span style="color:#888"> - organizer</span></div><div>Ann '
        f"Lind</div>"
        f"</td></tr></table><p>{escape(w.paragraphs(2)[0])}</p></div></span></span>"
    )


def scanner(w: Writer) -> str:
    """A mail of a device: one line without a document around it."""
    return f"Scan {w.reference()}<BR>\r\n{escape(w.language.items[0])}<BR>\r\n<BR>\r\n"
