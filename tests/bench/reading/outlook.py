"""HTML of Outlook for desktop (Word), web and phone, the new Outlook, and Exchange for text."""

from __future__ import annotations

from html import escape

from bench.reading.words import Writer

_FONTS = "".join(
    f"@font-face\r\n\t{{font-family:{name};\r\n\tpanose-1:2 11 5 2 2 2 4 3 2 {number};}}\r\n"
    for number, name in enumerate(('"Cambria Math"', "Calibri", "Aptos", "Verdana", "Wingdings"))
)
_STYLES = (
    f"<style><!--\r\n/* Font Definitions */\r\n{_FONTS}/* Style Definitions */\r\n"
    "p.MsoNormal, li.MsoNormal, div.MsoNormal\r\n\t{margin:0cm;\r\n\tfont-size:11.0pt;\r\n\t"
    'font-family:"Calibri",sans-serif;\r\n\tmso-ligatures:standardcontextual;\r\n\t'
    "mso-fareast-language:EN-US;}\r\na:link, span.MsoHyperlink\r\n\t{mso-style-priority:99;\r\n\t"
    "color:#0563C1;\r\n\ttext-decoration:underline;}\r\np.MsoListParagraph\r\n\t"
    "{mso-style-priority:34;\r\n\tmargin-left:36.0pt;}\r\nspan.EmailStyle18\r\n\t"
    "{mso-style-type:personal-compose;}\r\n.MsoChpDefault\r\n\t{mso-style-type:export-only;}\r\n"
    "@page WordSection1\r\n\t{size:612.0pt 792.0pt;\r\n\tmargin:70.85pt 2.0cm 70.85pt 2.0cm;}\r\n"
    "div.WordSection1\r\n\t{page:WordSection1;}\r\n--></style>"
)
_WORD_HEAD = (
    '<html xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:w="urn:schemas-microsoft-com:office:word" xmlns="http://www.w3.org/TR/REC-html40">\r\n'
    '<head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8">\r\n'
    '<meta name="Generator" content="Microsoft Word 15 (filtered medium)">\r\n'
    "<!--[if !mso]><style>v\\:* {behavior:url(#default#VML);}\r\no\\:* "
    "{behavior:url(#default#VML);}\r\n.shape {behavior:url(#default#VML);}\r\n</style>"
    f"<![endif]-->{_STYLES}<!--[if gte mso 9]><xml>\r\n"
    '<o:shapedefaults v:ext="edit" spidmax="1026" />\r\n</xml><![endif]--><!--[if gte mso 9]>'
    '<xml>\r\n<o:shapelayout v:ext="edit">\r\n<o:idmap v:ext="edit" data="1" />\r\n'
    "</o:shapelayout></xml><![endif]-->\r\n</head>\r\n"
)
_COLUMNS = 76


def _wrapped(html: str) -> str:
    """Break lines at blanks after about 76 columns, also inside tags, as Word does."""
    lines, line = [], ""
    for word in html.split(" "):
        if line and len(line) + len(word) > _COLUMNS:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\r\n".join([*lines, line])


def _runs(w: Writer, text: str) -> str:
    """Words in spans as Word writes them: per spelling mark, per language, inside a word."""
    words = []
    for word in text.split(" "):
        kind = w.rng.randint(0, 14)
        if kind == 0 and len(word) > 4:
            cut = w.rng.randint(1, len(word) - 2)
            start, rest = escape(word[:cut]), escape(word[cut:])
            words.append(f'{start}<span style="color:black">{rest}</span>')
        elif kind == 1:
            words.append(f"<span class=SpellE>{escape(word)}</span>")
        elif kind == 2:
            words.append(f"<b><span lang=EN-GB>{escape(word)}</span></b>")
        else:
            words.append(escape(word))
    return " ".join(words)


def _normal(inner: str) -> str:
    return (
        f'<p class=MsoNormal><span style="mso-fareast-language:EN-US">{inner}<o:p></o:p></span></p>'
    )


_EMPTY = "<p class=MsoNormal><o:p>&nbsp;</o:p></p>"


def _word(w: Writer, inner: str) -> str:
    code = w.language.code.upper()
    return (
        f'{_WORD_HEAD}<body lang={code} link="#0563C1" vlink="#954F72" '
        'style="word-wrap:break-word">\r\n<div class=WordSection1>\r\n'
        f"{_wrapped(inner)}\r\n</div>\r\n</body>\r\n</html>\r\n"
    )


def _word_letter(w: Writer, paragraphs: int) -> str:
    told = _EMPTY.join(_normal(_runs(w, text)) for text in w.paragraphs(paragraphs))
    return _normal(_runs(w, w.language.greeting)) + _EMPTY + told + _EMPTY + _word_signature(w)


def _word_signature(w: Writer) -> str:
    return (
        _normal(escape(w.language.closing))
        + _EMPTY
        + _normal("<b><span style='font-size:10.0pt;color:#1F3864'>Eva Holm</span></b>")
        + _normal(f"<i>{escape(w.language.title)}</i>")
        + _normal(
            '<a href="tel:+4570123456">+45 70 12 34 56</a> | <a href="mailto:eva@kunde.example">'
            '<span style="color:#0563C1">eva@kunde.example</span></a>'
        )
        + _normal(
            '<span style="mso-no-proof:yes"><img border=0 width=120 height=40 '
            'id="Picture_x0020_1" src="cid:image001.png@01DB7A11.5C0E6B10" alt="Kunde"></span>'
        )
    )


def desktop(w: Writer) -> str:
    """A mail of Outlook for Windows."""
    return _word(w, _word_letter(w, w.rng.randint(2, 6)))


def desktop_reply(w: Writer) -> str:
    """An answer above the older mail, whose header follows a separator line."""
    source, sent, to, subject = w.language.headers
    head = (
        '<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
        f"<p class=MsoNormal><b><span lang=EN-US>{source}:</span></b><span lang=EN-US> Ann Lind "
        f"&lt;ann@firma.example&gt; <br><b>{sent}:</b> {w.language.sent}<br><b>{to}:</b> Eva Holm "
        f"&lt;eva@kunde.example&gt;<br><b>{subject}:</b> RE: {w.reference()}<o:p></o:p></span></p>"
        "</div></div>"
    )
    older = (head + _EMPTY + _word_letter(w, 3) for _ in range(w.rng.randint(1, 4)))
    return _word(w, _word_letter(w, 2) + _EMPTY + _EMPTY.join(older))


def desktop_list(w: Writer) -> str:
    """Bullets and numbers as paragraphs, with their marks in conditional comments."""
    points = []
    for number, text in enumerate(w.paragraphs(w.rng.randint(4, 9)), start=1):
        mark = "·" if w.rng.random() < 0.5 else f"{number}."
        points.append(
            "<p class=MsoListParagraph style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'>"
            "<![if !supportLists]><span style='font-family:Symbol'><span style='mso-list:Ignore'>"
            f"{mark}<span style='font:7.0pt \"Times New Roman\"'>&nbsp;&nbsp;&nbsp;&nbsp; </span>"
            f"</span></span><![endif]>{_runs(w, text)}<o:p></o:p></p>"
        )
    nested = "".join(
        f"<li class=MsoListParagraph style='margin-left:0cm'>{_runs(w, text)}"
        f"<ul style='margin-top:0cm' type=circle><li class=MsoNormal>{escape(text)}</li></ul></li>"
        for text in w.paragraphs(2)
    )
    inner = _normal(w.language.greeting) + "".join(points)
    inner += f"<ol style='margin-top:0cm' start=3 type=1>{nested}</ol>"
    return _word(w, inner + _word_signature(w))


def desktop_table(w: Writer) -> str:
    """A table pasted from a sheet, with sums and powers."""
    headings = "".join(f"<td><p class=MsoNormal><b>{h}</b></p></td>" for h in w.language.headings)
    rows = "".join(
        "<tr style='mso-yfti-irow:1;height:15.0pt'>"
        + "".join(
            "<td width=120 nowrap valign=bottom style='width:90.0pt;padding:0cm 3.5pt 0cm 3.5pt'>"
            f"<p class=MsoNormal align=right>{escape(cell)}<o:p></o:p></p></td>"
            for cell in line
        )
        + "</tr>"
        for line in w.lines(w.rng.randint(5, 25))
    )
    table = (
        "<table class=MsoNormalTable border=0 cellspacing=0 cellpadding=0 width=480 "
        f"style='width:360.0pt;border-collapse:collapse'><tr>{headings}</tr>{rows}</table>"
    )
    powers = _normal("4 m<sup>2</sup>, <s>1.900,00</s> 1.<span>750</span>,00")
    return _word(w, _word_letter(w, 1) + table + powers)


_WEB_HEAD = (
    '<html><head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
    '<style type="text/css" style="display:none;"> P {margin-top:0;margin-bottom:0;} </style>\r\n'
    "</head>\r\n"
)
_WEB_FONT = (
    "font-family: Aptos, Aptos_EmbeddedFont, Calibri, Helvetica, sans-serif; font-size: 12pt; "
    "color: rgb(0, 0, 0);"
)


def _proof(inner: str) -> str:
    return f'<div class="elementToProof" style="{_WEB_FONT}">\r\n{inner}</div>\r\n'


def _web_letter(w: Writer, paragraphs: int) -> str:
    told = _proof("<br>").join(_proof(escape(text)) for text in w.paragraphs(paragraphs))
    closing = _proof(f"{escape(w.language.closing)}<br>\r\n<b>Eva</b> Holm")
    return _proof(w.language.greeting) + _proof("<br>") + told + _proof("<br>") + closing


def _web_history(w: Writer) -> str:
    source, sent, to, subject = w.language.headers
    return (
        '<div id="appendonsend"></div>\r\n<hr style="display:inline-block;width:98%" tabindex="-1">'
        '\r\n<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif" style="font-size:'
        f'11pt" color="#000000"><b>{source}:</b> Ann Lind &lt;ann@firma.example&gt;<br>\r\n<b>'
        f"{sent}:</b> {w.language.sent}<br>\r\n<b>{to}:</b> Eva Holm &lt;eva@kunde.example&gt;<br>"
        f"\r\n<b>{subject}:</b> {w.reference()}</font>\r\n<div>&nbsp;</div>\r\n</div>\r\n"
    )


def web(w: Writer) -> str:
    """A mail of Outlook on the web."""
    return f'{_WEB_HEAD}<body dir="ltr">\r\n{_web_letter(w, w.rng.randint(2, 5))}</body>\r\n</html>'


def older_mail(w: Writer) -> str:
    """The header and text of a Word mail, as Outlook on the web quotes them."""
    told = "".join(
        f'<p class="x_MsoNormal"><span lang="EN-US" style="font-size:11.0pt">{_runs(w, text)}'
        '</span></p>\r\n<p class="x_MsoNormal">&nbsp;</p>\r\n'
        for text in w.paragraphs(w.rng.randint(5, 14))
    )
    style = "<style>p.x_MsoNormal {margin:0}</style>"
    return f'{_web_history(w)}{style}\r\n<div class="x_WordSection1">{told}</div>\r\n'


def web_reply(w: Writer) -> str:
    """An answer of Outlook on the web over a Word mail."""
    inner = _web_letter(w, 2) + older_mail(w)
    return f'{_WEB_HEAD}<body dir="ltr">\r\n{inner}</body>\r\n</html>'


def mobile(w: Writer) -> str:
    """A short mail of Outlook for iOS, with its own signature, sometimes with the older mail."""
    told = "".join(
        f'<div dir="ltr" style="font-family: -apple-system, HelveticaNeue; font-size: 12pt;">'
        f"{escape(text)}</div>\r\n"
        for text in w.paragraphs(w.rng.randint(1, 2))
    )
    signature = (
        '<div id="ms-outlook-mobile-body-separator-line" dir="ltr"><br></div>\r\n'
        '<div id="ms-outlook-mobile-signature" dir="ltr"><div>Outlook for '
        '<a href="https://program.example/ios" data-outlook-id="a1">iOS</a></div></div>\r\n'
    )
    older = _web_history(w) + _web_letter(w, 2) if w.rng.random() < 0.5 else ""
    return f'{_WEB_HEAD}<body dir="ltr">\r\n{told}{signature}{older}</body>\r\n</html>\r\n'


def new_outlook(w: Writer) -> str:
    """The new Outlook: the older mail in its reference container, a list and a table."""
    points = "".join(f"<li><div>{escape(t)}</div></li>\r\n" for t in w.paragraphs(3))
    cells = "".join(
        "<tr>" + "".join(f'<td style="border: 1px solid">{_proof(c)}</td>' for c in line) + "</tr>"
        for line in w.lines(4)
    )
    older = "".join(f"<p>{escape(text)}</p>\r\n" for text in w.paragraphs(2))
    return (
        f'{_WEB_HEAD}<body dir="ltr">\r\n{_web_letter(w, 1)}<ul data-editing-info="{{}}">{points}'
        f'</ul><table style="width: 100%"><tbody>{cells}</tbody></table>\r\n'
        '<div id="mail-editor-reference-message-container" class="ms-outlook-mobile-reference">'
        f"{_web_history(w)}{older}</div>\r\n</body>\r\n</html>\r\n"
    )


def exchange_text(w: Writer) -> str:
    """A text mail as Exchange returns it when HTML is requested."""
    lines = [w.language.greeting, ""]
    for text in w.paragraphs(3):
        lines += [*_wrapped(text).split("\r\n"), ""]
    lines += [w.language.closing, "Eva", "", w.language.wrote]
    lines += [f"> {line}" for line in _wrapped(w.paragraphs(1)[0]).split("\r\n")]
    told = "<br>\r\n".join(escape(line, quote=False).replace("  ", "&nbsp; ") for line in lines)
    return (
        '<html><head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8">\r\n'
        '<meta name="Generator" content="Microsoft Exchange Server">\r\n<!-- converted from text '
        "--><style><!-- .EmailQuote { margin-left: 1pt; padding-left: 4pt; border-left: #800000 "
        '2px solid; } --></style></head>\r\n<body>\r\n<font size="2"><span style="font-size:11pt;">'
        f'<div class="PlainText">{told}</div>\r\n</span></font>\r\n</body>\r\n</html>\r\n'
    )
