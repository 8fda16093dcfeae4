"""How programs quote an older mail in HTML. Each form returns a body and its new text."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from quotes.mail import Parts

Form = Callable[[Parts], tuple[str, str]]


def _blocks(text: str, tag: str = "div", attributes: str = "") -> str:
    """Each paragraph as a block, with empty blocks between them."""
    made = [escape(block).replace("\n", "<br>\n") for block in text.split("\n\n")]
    between = f"<{tag}{attributes}>&nbsp;</{tag}>" if tag == "p" else f"<{tag}><br></{tag}>"
    return between.join(f"<{tag}{attributes}>{block}</{tag}>" for block in made)


def _word(text: str) -> str:
    return _blocks(text, "p", " class=MsoNormal")


def _header(p: Parts, *keys: str) -> str:
    lines = (escape(line).partition(": ") for line in p.block(*keys).split("\n"))
    return "<br>".join(f"<b>{name}:</b> {value}" for name, _, value in lines)


def _outlook(p: Parts) -> tuple[str, str]:
    style = "border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"
    header = _header(p, "bare", "sent", "to", "copy", "subject")
    return (
        f"<html><body lang=DA><div class=WordSection1>{_word(p.top)}"
        f"<p class=MsoNormal><o:p>&nbsp;</o:p></p><div><div style='{style}'>"
        f"<p class=MsoNormal>{header}<o:p></o:p></p></div></div>{_word(p.old)}</div></body></html>",
        p.new,
    )


def _outlook_web(p: Parts) -> tuple[str, str]:
    header = _header(p, "from", "sent", "to", "subject")
    return (
        f'<div class="elementToProof">{_blocks(p.top)}</div><div id="appendonsend"></div>'
        '<hr style="display:inline-block;width:98%" tabindex="-1">'
        f'<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri">{header}</font><div>&nbsp;</div>'
        f"</div><div>{_blocks(p.old)}</div>",
        p.new,
    )


def _outlook_phone(p: Parts) -> tuple[str, str]:
    header = _header(p, "from", "sent", "to", "subject")
    return (
        f'<div dir="auto">{_blocks(p.top)}</div>'
        '<div id="mail-editor-reference-message-container" '
        'class="ms-outlook-mobile-reference-message">'
        '<hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg">'
        f"{header}</div>{_blocks(p.old)}</div>",
        p.new,
    )


def _outlook_prefixed(p: Parts) -> tuple[str, str]:
    header = _header(p, "from", "sent", "to", "subject")
    return (
        f"<div>{_blocks(p.top)}</div><div><hr><div id='x_divRplyFwdMsg'>{header}</div>"
        f"<div class='x_WordSection1'>{_blocks(p.old)}</div></div>",
        p.new,
    )


def _gmail(p: Parts) -> tuple[str, str]:
    return (
        f'<div dir="ltr">{_blocks(p.top)}</div><br><div class="gmail_quote gmail_quote_container">'
        f'<div dir="ltr" class="gmail_attr">{escape(p.line("gmail"))}<br></div>'
        '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid">'
        f"{_blocks(p.old)}</blockquote></div>",
        p.new,
    )


def _gmail_below(p: Parts) -> tuple[str, str]:
    return (
        '<div dir="ltr"><div class="gmail_quote">'
        f'<div dir="ltr" class="gmail_attr">{escape(p.line("gmail"))}<br></div>'
        f'<blockquote class="gmail_quote">{_blocks(p.old)}</blockquote>'
        f"<div><br></div>{_blocks(p.top)}</div></div>",
        p.new,
    )


def _apple(p: Parts) -> tuple[str, str]:
    return (
        '<html><body style="overflow-wrap: break-word;">'
        f'{_blocks(p.top)}<div><br><blockquote type="cite"><div>{escape(p.line("apple"))}</div>'
        f'<br class="Apple-interchange-newline"><div>{_blocks(p.old)}</div></blockquote></div>'
        "</body></html>",
        p.new,
    )


def _thunderbird(p: Parts) -> tuple[str, str]:
    return (
        f"{_blocks(p.top, 'p')}<div class='moz-cite-prefix'>{escape(p.line('thunderbird'))}<br>"
        f"</div><blockquote type='cite' cite='mid:1@x'>{_blocks(p.old, 'p')}</blockquote>",
        p.new,
    )


def _thunderbird_below(p: Parts) -> tuple[str, str]:
    return (
        f"<div class='moz-cite-prefix'>{escape(p.line('thunderbird'))}<br></div>"
        f"<blockquote type='cite'>{_blocks(p.old, 'p')}</blockquote>{_blocks(p.top, 'p')}",
        p.new,
    )


def _yahoo(p: Parts) -> tuple[str, str]:
    return (
        f'<div class="ydp1yahoo-style-wrap"><div dir="ltr">{_blocks(p.top)}</div></div>'
        '<div id="ydp2yahoo_quoted_1" class="ydp2yahoo_quoted yahoo_quoted"><div>'
        f"<div>{escape(p.line('yahoo'))}</div><div><br></div>{_blocks(p.old)}</div></div>",
        p.new,
    )


def _gmx(p: Parts) -> tuple[str, str]:
    return (
        f"<div style='font-family: Verdana'>{_blocks(p.top)}<div>&nbsp;</div>"
        "<div name='quote' style='margin:10px 5px 5px 10px;border-left:2px solid #C3D9E5'>"
        f"<div>{_header(p, 'sent', 'from', 'to', 'subject')}</div>{_blocks(p.old)}</div></div>",
        p.new,
    )


def _proton(p: Parts) -> tuple[str, str]:
    return (
        f"{_blocks(p.top)}<div class='protonmail_quote'>{escape(p.line('gmail'))}<br><br>"
        f"<blockquote class='protonmail_quote' type='cite'>{_blocks(p.old)}</blockquote></div>",
        p.new,
    )


def _spark(p: Parts) -> tuple[str, str]:
    return (
        f"<div name='messageBodySection'>{_blocks(p.top)}</div>"
        f"<div name='messageReplySection'>{escape(p.line('mac'))}<br>"
        f"<blockquote class='spark_quote'>{_blocks(p.old)}</blockquote></div>",
        p.new,
    )


def _unmarked(p: Parts) -> tuple[str, str]:
    line = f"<div>{escape(p.line('k9'))}</div>"
    return f"<div>{_blocks(p.top)}<div><br></div>{line}{_blocks(p.old)}</div>", p.new


def _exchange(p: Parts) -> tuple[str, str]:
    """A text mail as Exchange returns it when HTML is requested."""
    quoted = "\n".join(f"> {line}" for line in p.old.split("\n"))
    text = escape(f"{p.top}\n\n{p.line('gmail')}\n\n{quoted}\n").replace("\n", "<br>\r\n")
    return (
        "<html><head>\r\n<!-- converted from text --></head>\r\n<body>\r\n"
        f'<font size="2"><span style="font-size:11pt;"><div class="PlainText">{text}</div>\r\n'
        "</span></font>\r\n</body>\r\n</html>",
        p.new,
    )


FORMS: dict[str, Form] = {
    "outlook": _outlook,
    "outlook-web": _outlook_web,
    "outlook-phone": _outlook_phone,
    "outlook-prefixed": _outlook_prefixed,
    "gmail": _gmail,
    "gmail-below": _gmail_below,
    "apple": _apple,
    "thunderbird": _thunderbird,
    "thunderbird-below": _thunderbird_below,
    "yahoo": _yahoo,
    "gmx": _gmx,
    "proton": _proton,
    "spark": _spark,
    "unmarked": _unmarked,
    "exchange": _exchange,
}
