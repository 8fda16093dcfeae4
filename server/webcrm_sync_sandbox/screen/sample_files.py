"""The attachments of the mails on the screen: small, but real files."""

from __future__ import annotations

from webcrm_sync_sandbox.outlook.mail import File

_DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" width="420" height="170"
 viewBox="0 0 420 170"><rect width="420" height="170" fill="#e8f1f8"/>
<path d="M0 118 Q35 108 70 118 T140 118 T210 118 T280 118 T350 118 T420 118 V170 H0Z"
 fill="#7fb2d6"/>
<rect x="40" y="70" width="250" height="26" fill="#b9a88c" stroke="#5d5140" stroke-width="2"/>
<g fill="#5d5140"><rect x="60" y="96" width="9" height="52"/><rect x="120" y="96" width="9"
 height="52"/><rect x="180" y="96" width="9" height="52"/><rect x="240" y="96" width="9"
 height="52"/></g>
<path d="M305 116 h96 l-14 24 h-66z" fill="#c0392b"/><rect x="336" y="90" width="30" height="26"
 fill="#fff" stroke="#444"/>
<path d="M40 52 H290 M40 46 v12 M290 46 v12" stroke="#333" stroke-width="1.5" fill="none"/>
<text x="165" y="44" text-anchor="middle" font-family="sans-serif" font-size="15"
 fill="#333">48 m</text></svg>"""


def drawing() -> File:
    """A picture shown within the mail, as `cid:quay`."""
    content = " ".join(_DRAWING.split())
    return File("quay.svg", content.encode(), "image/svg+xml", is_inline=True, content_id="quay")


def pdf(name: str, text: str) -> File:
    """A PDF with one page and one line of text."""
    stream = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        "/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>",
        f"<</Length {len(stream)}>>stream\n{stream}\nendstream",
    ]
    body, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += f"{number} 0 obj{content}endobj\n"
    rows = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{rows}trailer<</Size {size}/Root 1 0 R>>\n"
    whole = f"{body}{end}startxref\n{len(body)}\n%%EOF"
    return File(name, whole.encode("latin-1"), "application/pdf")


def table(name: str, rows: tuple[str, ...]) -> File:
    """A list that a spreadsheet can open."""
    return File(name, "\r\n".join(rows).encode(), "text/csv")
