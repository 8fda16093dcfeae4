"""HTML of other mail programs: Gmail, Apple Mail, Thunderbird, webmail."""

from __future__ import annotations

from html import escape

from bench.reading.words import Writer


def _signature(w: Writer) -> str:
    return (
        f"Eva Holm<br>{escape(w.language.title)}<br>Kunde A/S · Havnevej 4 · 8000 Aarhus<br>"
        '<a href="https://www.kunde.example" target="_blank">www.kunde.example</a>'
    )


def _gmail_letter(w: Writer, paragraphs: int) -> str:
    told = "<div><br></div>".join(f"<div>{escape(text)}</div>" for text in w.paragraphs(paragraphs))
    return f"<div>{w.language.greeting}</div><div><br></div>{told}"


def _gmail_quote(w: Writer) -> str:
    said = escape(w.language.wrote, quote=False).replace(
        "eva@kunde.example", '<a href="mailto:eva@kunde.example">eva@kunde.example</a>'
    )
    return (
        f'<br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">'
        f'{said}<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;'
        f'border-left:1px solid rgb(204,204,204);padding-left:1ex"><div dir="ltr">'
        f"{_gmail_letter(w, 5)}</div></blockquote></div>"
    )


def gmail(w: Writer) -> str:
    """A mail of Gmail in the browser with its signature."""
    strong = escape(w.paragraphs(1)[0])
    return (
        f'<div dir="ltr">{_gmail_letter(w, w.rng.randint(3, 12))}<div><ul><li>{strong}</li><li>'
        f'<b>1.</b>500<b>,00</b></li></ul></div><br clear="all"><div><br></div>'
        '<span class="gmail_signature_prefix">-- </span><br><div dir="ltr" '
        f'class="gmail_signature" data-smartmail="gmail_signature"><div dir="ltr">{_signature(w)}'
        "</div></div></div>\r\n"
    )


def gmail_reply(w: Writer) -> str:
    """An answer of Gmail above a quote with two levels."""
    inner = _gmail_quote(w).replace("</div></blockquote></div>", "")
    return (
        f'<div dir="ltr">{_gmail_letter(w, 2)}</div>{inner}{_gmail_quote(w)}'
        "</div></blockquote></div>\r\n"
    )


def gmail_mobile(w: Writer) -> str:
    """A line from the phone above the quoted mail."""
    return f'<div dir="auto">{escape(w.paragraphs(1)[0])}</div>{_gmail_quote(w)}\r\n'


def gmail_forward(w: Writer) -> str:
    """A forward of Gmail, with a pasted table."""
    cells = "".join(
        "<tr>" + "".join(f"<td>{escape(c)}</td>" for c in line) + "</tr>" for line in w.lines(8)
    )
    return (
        f'<div dir="ltr"><div>{escape(w.paragraphs(1)[0])}</div><br><div class="gmail_quote">'
        '<div dir="ltr" class="gmail_attr">---------- Forwarded message ---------<br>'
        f'{w.language.headers[0]}: <strong class="gmail_sendername" dir="auto">Eva Holm</strong> '
        '<span dir="auto">&lt;<a href="mailto:eva@kunde.example">eva@kunde.example</a>&gt;</span>'
        f"<br>{w.language.headers[1]}: {w.language.sent}<br></div><br><br>"
        "<google-sheets-html-origin>"
        f'<style type="text/css"><!--td {{border: 1px solid #cccccc;}}--></style><table dir="ltr" '
        f'border="1"><colgroup><col width="100"></colgroup><tbody>{cells}</tbody></table></div>'
        "</div>"
    )


_APPLE_HEAD = (
    '<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head>'
    '<body style="overflow-wrap: break-word; -webkit-nbsp-mode: space; line-break: '
    'after-white-space;">'
)


def _apple_letter(w: Writer, paragraphs: int) -> str:
    return "<div><br></div>".join(
        f"<div>{escape(text).replace('. ', '.&nbsp;')}</div>" for text in w.paragraphs(paragraphs)
    )


def _apple_quote(w: Writer) -> str:
    return (
        f'<div><br><blockquote type="cite"><div>{escape(w.language.wrote, quote=False)}</div><br '
        f'class="Apple-interchange-newline"><div><div style="font-family: Helvetica; font-size: '
        f'14px;">{_apple_letter(w, 5)}</div></div></blockquote></div>'
    )


def apple(w: Writer) -> str:
    """A mail of Apple Mail: a list with its tab spans, a signature."""
    points = "".join(
        f'<li><span class="Apple-tab-span" style="white-space:pre">\t</span>{escape(text)}</li>'
        for text in w.paragraphs(3)
    )
    return (
        f"{_APPLE_HEAD}{w.language.greeting}<div><br></div>{_apple_letter(w, w.rng.randint(3, 9))}"
        f'<div><ul class="MailOutline">{points}</ul></div><div><br id="lineBreakAtBeginningOf'
        f'Signature"><div><meta charset="UTF-8"><div>{_signature(w)}</div></div></div>'
        "</body></html>"
    )


def apple_reply(w: Writer) -> str:
    """An answer of Apple Mail; the quote has the original's own body element."""
    return (
        f"{_APPLE_HEAD}<div>{escape(w.paragraphs(1)[0])}</div><div><br></div>{w.language.closing}"
        f'<div>Eva<br id="lineBreakAtBeginningOfMessage"><div>{_apple_quote(w)}</div><br></div>'
        "</body></html>"
    )


def iphone(w: Writer) -> str:
    """A line of the iPhone above a quote."""
    return (
        '<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head>'
        f'<body dir="auto">{escape(w.paragraphs(1)[0])}<br id="lineBreakAtBeginningOfSignature">'
        f'<div dir="ltr">{w.language.closing}<div>Eva</div></div><div dir="ltr"><br><blockquote '
        f'type="cite">{escape(w.language.wrote, quote=False)}<br><br></blockquote></div>'
        f'<blockquote type="cite"><div dir="ltr">\ufeff{_apple_letter(w, 3)}</div></blockquote>'
        "</body></html>"
    )


def apple_forward(w: Writer) -> str:
    """A mail of Outlook forwarded by Apple Mail: a document inside the body."""
    source, sent, to, subject = w.language.headers
    heads = "".join(
        '<div style="margin: 0px;"><span style="font-family: -webkit-system-font;"><b>'
        f"{name}: </b></span><span>{escape(value)}<br></span></div>"
        for name, value in (
            (source, "Eva Holm <eva@kunde.example>"),
            (subject, w.reference()),
            (sent, w.language.sent),
            (to, "ann@firma.example"),
        )
    )
    told = "".join(f'<p class="MsoNormal">{escape(t)}<o:p></o:p></p>' for t in w.paragraphs(4))
    return (
        f'{_APPLE_HEAD}<div>{escape(w.paragraphs(1)[0])}</div><div id="AppleOriginalContents" '
        f'style="direction: ltr;"><blockquote type="cite">{heads}<br><div><meta '
        'http-equiv="Content-Type" content="text/html; charset=utf-8"><style>@font-face '
        f'{{font-family:"Cambria Math";}}</style><div lang="DA" link="#0563C1"><div '
        f'class="WordSection1">{told}</div></div></div></blockquote></div></body></html>'
    )


_THUNDERBIRD_HEAD = (
    '<!DOCTYPE html>\r\n<html>\r\n  <head>\r\n    <meta http-equiv="content-type" content="text/'
    'html; charset=UTF-8">\r\n  </head>\r\n  <body text="#000000" bgcolor="#FFFFFF">\r\n'
)


def _indented(w: Writer, paragraphs: int) -> str:
    told = []
    for text in w.paragraphs(paragraphs):
        words = text.split(" ")
        lines = [" ".join(words[i : i + 9]) for i in range(0, len(words), 9)]
        told.append("    <p>" + "\r\n      ".join(escape(line) for line in lines) + "</p>\r\n")
    return "".join(told)


def thunderbird(w: Writer) -> str:
    """A mail of Thunderbird with a signature in `pre`."""
    return (
        f'{_THUNDERBIRD_HEAD}{_indented(w, w.rng.randint(3, 12))}    <pre class="moz-signature" '
        f'cols="72">-- \r\nEva Holm    {w.language.title}\r\nTel.     +45 70 12 34 56\r\n<a '
        'class="moz-txt-link-freetext" href="https://kunde.example">https://kunde.example</a></pre>'
        "\r\n  </body>\r\n</html>\r\n"
    )


def thunderbird_reply(w: Writer) -> str:
    """An answer of Thunderbird below the quote, the quote of a text mail in `pre`."""
    quoted = "\r\n".join(escape(text) for text in w.paragraphs(3))
    return (
        f'{_THUNDERBIRD_HEAD}    <div class="moz-cite-prefix">'
        f"{escape(w.language.wrote, quote=False)}<br>\r\n    </div>\r\n    <blockquote "
        f'type="cite" cite="mid:1@kunde.example">\r\n      <pre wrap="" class="moz-quote-pre">'
        f"{quoted}\r\n</pre>\r\n    </blockquote>\r\n{_indented(w, 2)}  </body>\r\n</html>\r\n"
    )


def web_mailer(w: Writer) -> str:
    """A mail of a webmail service with its own form of quote, paragraphs as `div` in `div`."""
    told = "".join(
        f'<div style="font-family:Arial;font-size:14px"><span>{escape(text)}</span></div><div '
        'style="font-family:Arial;font-size:14px"><br></div>'
        for text in w.paragraphs(3)
    )
    return (
        f'{told}<div class="protonmail_quote">{escape(w.language.wrote, quote=False)}<br><br>'
        f'<blockquote class="protonmail_quote" type="cite">{_apple_letter(w, 2)}</blockquote><br>'
        "</div>"
    )


def text_in_pre(w: Writer) -> str:
    """An automatic report with columns made of blanks."""
    lines = "\n".join(f"{what:<24}{count:>6}{price:>14}" for what, count, price in w.lines(20))
    return f"<html><body><pre>{escape(w.paragraphs(1)[0])}\n\n{escape(lines)}\n</pre></body></html>"
