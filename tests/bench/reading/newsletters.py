"""HTML of five newsletter builders: nested tables, preheaders, fillers, buttons."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from bench.reading.words import Writer

_PIXEL = (
    '<img src="https://mail.example/o/1.gif" width="1" height="1" alt="" style="display:block">'
)


def _head(css: str, title: str) -> str:
    return (
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" '
        '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd"><html '
        'xmlns="http://www.w3.org/1999/xhtml" xmlns:v="urn:schemas-microsoft-com:vml" '
        'xmlns:o="urn:schemas-microsoft-com:office:office"><head><!--[if gte mso 15]><xml>'
        "<o:OfficeDocumentSettings><o:AllowPNG/><o:PixelsPerInch>96</o:PixelsPerInch>"
        '</o:OfficeDocumentSettings></xml><![endif]--><meta charset="UTF-8"><meta '
        'http-equiv="X-UA-Compatible" content="IE=edge"><meta name="viewport" '
        f'content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f'<style type="text/css">{css}</style></head>'
    )


_RESET = """
p{margin:10px 0;padding:0;} table{border-collapse:collapse;} h1,h2,h3{display:block;margin:0;}
img,a img{border:0;height:auto;outline:none;text-decoration:none;}
body,#bodyTable,#bodyCell{height:100%;margin:0;padding:0;width:100%;}
#outlook a{padding:0;} img{-ms-interpolation-mode:bicubic;} .ReadMsgBody{width:100%;}
a[x-apple-data-detectors]{color:inherit !important;text-decoration:none !important;}
@media only screen and (max-width: 480px){ .onlyDesktop{display:none !important;}
 .column{width:100% !important;max-width:100% !important;} h1{font-size:22px !important;} }
"""


def mailchimp(w: Writer) -> str:
    """Blocks of tables, a hidden preview text with fillers, a merged footer."""
    preview = escape(w.paragraphs(1)[0])
    blocks = "".join(
        '<table border="0" cellpadding="0" cellspacing="0" width="100%" class="mcnTextBlock" '
        'style="min-width:100%;"><tbody class="mcnTextBlockOuter"><tr><td valign="top" '
        'class="mcnTextBlockInner" style="padding-top:9px;"><!--[if mso]><table align="left" '
        'border="0" width="100%"><tr><![endif]--><!--[if mso]><td valign="top" width="600">'
        '<![endif]--><table align="left" border="0" cellpadding="0" style="max-width:100%;" '
        'width="100%" class="mcnTextContentContainer"><tbody><tr><td valign="top" '
        f'class="mcnTextContent" style="padding:0 18px 9px;"><h2>{escape(heading)}</h2>'
        f"{escape(text)}<br><br><strong>{escape(price)}</strong></td></tr></tbody></table>"
        "<!--[if mso]></td></tr></table><![endif]--></td></tr></tbody></table>"
        for text, (heading, _, price) in zip(
            w.paragraphs(40), w.lines(w.rng.randint(8, 40)), strict=False
        )
    )
    fillers = "&#847;&zwnj;&nbsp;" * 60
    css = _RESET + "".join(
        f".mcnBlock{number} .mcnTextContent p{{color:#{number:06};font-size:{number % 9 + 9}px;"
        "line-height:150%;text-align:left;}\n"
        for number in range(150)
    )
    return (
        f"{_head(css, w.language.items[0])}<body><!--*|IF:MC_PREVIEW_TEXT|*--><!--[if !gte mso "
        '9]><!----><span class="mcnPreviewText" style="display:none; font-size:0px; '
        "line-height:0px; max-height:0px; max-width:0px; opacity:0; overflow:hidden; "
        f'visibility:hidden; mso-hide:all;">{preview}{fillers}</span><!--<![endif]--><center>'
        '<table align="center" border="0" height="100%" width="100%" id="bodyTable"><tr><td '
        f'align="center" valign="top" id="bodyCell">{blocks}<em>{escape(w.language.farewell)}</em>'
        f"<br>{_PIXEL}</td></tr></table></center></body></html>"
    )


def _mjml_column(inner: str) -> str:
    return (
        '<!--[if mso | IE]><td class="" style="vertical-align:top;width:300px;" ><![endif]--><div '
        'class="mj-column-per-50 mj-outlook-group-fix" style="font-size:0px;text-align:left;'
        'direction:ltr;display:inline-block;vertical-align:top;width:100%;"><table border="0" '
        'cellpadding="0" cellspacing="0" role="presentation" width="100%"><tbody><tr><td '
        'align="left" style="font-size:0px;padding:10px 25px;word-break:break-word;"><div '
        'style="font-family:Ubuntu, Helvetica;font-size:13px;line-height:1;color:#000000;">'
        f"{inner}</div></td></tr></tbody></table></div><!--[if mso | IE]></td><![endif]-->"
    )


def mjml(w: Writer) -> str:
    """Columns of size 0 around text of size 13, duplicate tables for Outlook in comments."""
    sections = "".join(
        '<!--[if mso | IE]><table align="center" border="0" style="width:600px;" width="600" ><tr>'
        '<td style="line-height:0px;font-size:0px;"><![endif]--><div style="margin:0px auto;'
        'max-width:600px;"><table align="center" border="0" role="presentation" '
        'style="width:100%;"><tbody><tr><td style="direction:ltr;font-size:0px;padding:20px 0;'
        f'text-align:center;">{_mjml_column(escape(left))}{_mjml_column(escape(right))}</td></tr>'
        "</tbody></table></div><!--[if mso | IE]></td></tr></table><![endif]-->"
        for left, right in zip(w.paragraphs(7), w.paragraphs(7), strict=True)
    )
    button = (
        '<table border="0" role="presentation" style="border-collapse:separate;line-height:100%;">'
        '<tr><td align="center" bgcolor="#414141" role="presentation" valign="middle"><a '
        'href="https://kunde.example/tilbud?utm_source=brev" style="display:inline-block;'
        'background:#414141;color:#ffffff;font-size:13px;padding:10px 25px;" target="_blank">'
        f"{escape(w.language.headings[0])} {w.reference()}</a></td></tr></table>"
    )
    return (
        f'{_head(_RESET, "")}<body style="word-spacing:normal;"><div style="display:none;'
        "font-size:1px;color:#ffffff;line-height:1px;max-height:0px;max-width:0px;opacity:0;"
        f'overflow:hidden;">{escape(w.paragraphs(1)[0])}</div><div style="">{sections}{button}'
        f"</div></body></html>"
    )


def hubspot(w: Writer) -> str:
    """Modules in tables, a preview by id, a duplicate for phones that a style sheet hides."""
    css = (
        _RESET + "#preview_text{display:none!important} .hse-mobile{display:none} .hide{color:red}"
    )
    rows = "".join(
        '<div class="hse-section hse-section-first" style="padding-left:10px;"><!--[if !((mso)|(IE)'
        ')]><!-- --><div class="hse-column-container" style="min-width:280px;max-width:600px;">'
        '<!--<![endif]--><!--[if (mso)|(IE)]><div style="min-width:280px;"><table '
        'align="center"><tr>'
        '<![endif]--><div id="hs_cos_wrapper_module" class="hs_cos_wrapper" data-hs-cos-type='
        f'"rich_text"><p style="mso-line-height-rule:exactly; line-height:175%">{escape(text)}</p>'
        f'</div><!--[if !((mso)|(IE))]><!-- --></div><!--<![endif]--></div><div class="hse-mobile">'
        f"{escape(text)}</div>"
        for text in w.paragraphs(8)
    )
    address = "".join(f'<td class="hse-size">{escape(cell)}</td>' for cell in w.language.items)
    return (
        f'{_head(css, w.reference())}<body id="hs_body" style="margin:0 !important">'
        f'<div id="preview_text">{escape(w.paragraphs(1)[0])}</div><div '
        f'class="hse-body-background">'
        f'{rows}<table role="presentation"><tbody><tr>{address}</tr></tbody></table><p><a '
        f'href="https://mail.example/u?d=1">{escape(w.language.farewell)}</a></p></div></body>'
        f"</html>"
    )


def salesforce(w: Writer) -> str:
    """Upper-case tags of an older builder, a VML button, text for Outlook only, open custom "
    "tags."""
    blocks = "".join(
        '<TABLE cellpadding="0" cellspacing="0" width="100%" role="presentation" '
        'class="stylingblock'
        '-content-wrapper"><TR><TD class="stylingblock-content-wrapper camarker-inner"><DIV '
        f'style="text-align:left"><SPAN style="font-size:16px"><FONT face="Arial">{escape(text)}'
        "</FONT></SPAN></DIV></TD></TR></TABLE>"
        for text in w.paragraphs(8)
    )
    label = escape(w.language.headings[2])
    button = (
        '<!--[if mso]><v:roundrect xmlns:v="urn:schemas-microsoft-com:vml" href="https://kunde.'
        'example/x" style="height:40px;v-text-anchor:middle;width:200px;" arcsize="10%"><center '
        f'style="color:#ffffff">{label}</center></v:roundrect><![endif]--><![if !mso]><a '
        'href="https://click.mail.example/?qs=8f1c2b" style="display:inline-block;width:200px">'
        f"{label}</a><![endif]>"
    )
    return (
        f'{_head(_RESET, "")}<body bgcolor="#ffffff"><style type="text/css">div.preheader '
        '{ display: none !important; }</style><div class="preheader" style="font-size: 1px; '
        f'display: none !important;">{escape(w.paragraphs(1)[0])}</div><custom name="opencounter" '
        f'type="tracking">{blocks}{button}<p>{escape(w.language.farewell)}</p><custom '
        f'type="footer" name="x">{_PIXEL}</body></html>'
    )


def klaviyo(w: Writer) -> str:
    """Products in columns with prices struck through, a preheader of size 0, soft hyphens."""
    fillers = "&#8199;&#65279;&shy;&nbsp;" * 40
    products = "".join(
        '<div class="kl-column column" style="display:table-cell;vertical-align:top;width:50%;">'
        '<div class="mj-column-per-100" style="font-size:0px"><a href="https://kunde.example/p">'
        "<img "
        f'src="https://bild.example/p.jpg" alt="{escape(what)}" width="280"></a><div '
        f'style="font-size'
        f':16px;"><h3>{escape(what)}</h3><p><s>{price}</s> <b>{count}9,95</b></p></div></div></div>'
        for what, count, price in w.lines(w.rng.randint(6, 40))
    )
    told = "".join(
        f'<div class="kl-text" style="font-size:14px"><p>{_hyphenated(text)}</p></div>'
        for text in w.paragraphs(3)
    )
    return (
        f'{_head(_RESET, "")}<body><div class="mktEditable" style="font-size:0;line-height:0;'
        f'color:#fff;mso-hide:all;max-height:0;overflow:hidden">{escape(w.paragraphs(1)[0])}'
        f'{fillers}</div><div class="root-container">{told}{products}<p style="font-size:11px">'
        f"{escape(w.language.farewell)}</p></div></body></html>"
    )


def _hyphenated(text: str) -> str:
    """The text with soft hyphens inside long words."""
    words = (f"{word[:5]}&shy;{word[5:]}" if len(word) > 9 else word for word in text.split(" "))
    return " ".join(words)


BUILDERS: tuple[Callable[[Writer], str], ...] = (mailchimp, mjml, hubspot, salesforce, klaviyo)
