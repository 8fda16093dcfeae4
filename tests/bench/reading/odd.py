"""Single unusual bodies: broken HTML, other scripts, markup inside words, old habits."""

from __future__ import annotations

_LONG = " ".join(f"Line {number}: hall {number}, gate {number} of 40." for number in range(40))

ODD: dict[str, str] = {
    "unclosed": (
        "<p>Dear Ann<p>the crane comes on <b>Monday<p>and the <i>hall is free<table><tr><td>Price"
        "<td>500<tr><td>Pieces<td>12</table><ul><li>Roof<li>Walls</ul>Regards<br>Eva"
    ),
    "body-missing": (
        "<html><head><meta charset=utf-8><title>Offer</title></head><p>The price is 500.</p>"
        "<div>It holds until Friday.</div></html>"
    ),
    "head-never-closed": (
        "<html><head><style>p{color:red}</style><p>Dear Ann,<p>the permit is here.<br>Eva"
    ),
    "section-first": (
        "<style>p{margin:0}</style><section><header><h1>Order 12</h1></header><p>Thank you.</p>"
        "<footer>Kunde A/S</footer></section>"
    ),
    "custom-elements": (
        "<x-mail><x-head>Offer 7</x-head><x-body><p>Dear Ann, the price is 500.</p><o:p></o:p>"
        "<st1:place w:st='on'>Kiel</st1:place> is far.</x-body></x-mail>"
    ),
    "two-documents": (
        "<html><body><p>Passed on by the list.</p></body></html>\r\n<!DOCTYPE html><html><head>"
        "<title>x</title></head><body><p>Dear all, the hall is free.</p></body></html>"
    ),
    "words-behind-the-end": (
        "<html><body><p>Dear Ann</p></body></html>Sent by a machine <b>without</b> care"
    ),
    "windows-entities": (
        "<p>It&#146;s &#147;ready&#148; &#150; 5 &#128; for the caf&eacute; &#133; "
        "Gr&uuml;&szlig;e, "
        "&Oslash;sterg&aring;rd &amp; S&oslash;n &lt;post@kunde.example&gt; &copy 2026 &notit;</p>"
    ),
    "attributes-unquoted": (
        "<div style=color:red class=a'b id=1><a href=https://kunde.example/a?b=1&c=2>the plan</a>"
        '<p title="a > b">is <b title=\'x"y\'>new</b></p></div>'
    ),
    "misnested": (
        "<b>The <i>crane</b> comes</i> on <u>Monday<p>and <b>leaves</u> on</b> Friday.</p>"
        "<p><a href='https://a.example'>one <a href='https://b.example'>two</a></a></p>"
    ),
    "words-in-a-table": (
        "<table>Note before.<tr>Between<td>a cell</td></tr><p>Behind</p></table><p>After</p>"
    ),
    "letters-in-spans": (
        "<p>Die Pr<span style='font-family:Arial'>ü</span>fung f<font>ü</font>r den 3<sup>.</sup> "
        "kostet <span>1</span>.<span>500</span>,00<b>&nbsp;</b>EUR<i>.</i> <b>V</b>ersand "
        "m<em>or</em>gen</p><p><span>Z</span><span>u</span><span>sage</span></p>"
    ),
    "wbr": (
        "<p>Donau<wbr>dampf<wbr>schiff, eva.holm@<wbr>kunde.example, https://kunde.example/<wbr>"
        "a</p>"
    ),
    "soft-hyphens": "<p>Bau&shy;stellen&shy;ein&shy;richtung und Kran&shy;f&uuml;hrer</p>",
    "zero-widths": "<p>Dear\u200b Ann\ufeff, the \u2060hall\u200e is free\u200b.</p>",
    "blocks-glued": (
        "<div>Order</div><div>1234</div>pieces<dl><dt>Price</dt><dd>500</dd><dt>Tax</dt><dd>25 "
        "%</dd>"
        "</dl><h2>Roof</h2>new<hr>old<fieldset><legend>Site</legend>Kiel</fieldset>"
        "<table><caption>Sums</caption><tr><th>Net</th><td>400</td></tr></table>"
    ),
    "displays": (
        "<span style='display:block'>One</span><span style='display: block'>two</span><a href='#' "
        "style='display:block;padding:2px'>three</a>four"
    ),
    "hidden-in-many-ways": (
        "<div style='display:none'>hiddenone</div><div style='DISPLAY : NONE !IMPORTANT'>hiddentwo"
        "<p>hiddenthree</p></div><p hidden>hiddenfour</p><span style='visibility:hidden'>hiddenfive"
        "<b style='visibility:visible'>shown</b></span><div style='font-size:0'>hiddensix<span "
        "style='font-size:12px'>seen</span></div><div style='max-height:0;overflow:hidden'>"
        "hiddenseven</div><div style='opacity:0'>hiddeneight</div><template>hiddennine</template>"
        "<p style='display:block'>Dear Ann</p><p style='color:#fff'>white</p>"
    ),
    "hidden-by-class": (
        "<style>.pre, td.only{display:none} @media (max-width:480px){.wide{display:none}} "
        "#foot{visibility:hidden}</style><div class='x pre'>hiddenone</div><div class=wide>"
        "wide</div>"
        "<table><tr><td class=only>hiddentwo</td><td>cell</td></tr></table><p id=foot>"
        "hiddenthree</p>"
    ),
    "conditions": (
        "<!--[if mso]><p>Only Outlook sees this.</p><![endif]--><!--[if !mso]><!--><p>Everybody "
        "sees this.</p><!--<![endif]--><![if !vml]><img src=a.png><![endif]><p>And that.</p>"
        "<![if gte mso 9]>These too.<![endif]>"
    ),
    "comments": (
        "<p>Before<!-- a > b --> and <!-- > -- -->after</p><!-- <p>never</p> --><p>End<!--x--!></p>"
        "<!doctype html><?xml version='1.0'?><p>Last</p>"
    ),
    "style-in-body": (
        "<div>Dear Ann<style>.a{color:red}</style><script>var a='<p>no</p>';</script>, hello"
        "<style><!-- .b > .c {x:y} --></style></div>"
    ),
    "lists": (
        "<ol start=5><li>Roof<ol type=a><li>left<li>right</ol><li value=9>Walls</ol><ol reversed>"
        "<li>three<li>two</ol><ul><li><p>Para</p><p>graph</p></li><li><div>Block</div></li></ul>"
        "<menu><li>Menu</menu><li>alone"
    ),
    "nested-tables": (
        "<table><tr><td>" * 12
        + "Dear Ann<table><tr><td>Roof</td><td>500</td></tr></table>"
        + "</td><td>side</td></tr></table>" * 12
    ),
    "pre-and-blanks": (
        "<pre>\nName      Count\nRoof         12\n\tTab\there\n</pre><p>  many \n\n blanks \t here "
        "</p><div style='white-space:pre-wrap'>kept   as\nit is</div><textarea>"
        "typed\nwords</textarea>"
    ),
    "buttons": (
        "<p><button>Accept</button> <button>Decline</button></p><p><input type=submit value=Go> "
        "<label>Count</label> <a role=button href='https://kunde.example/ja'>Yes</a></p>"
    ),
    "marks-in-words": (
        "<p>10<sup>6</sup> pieces, H<sub>2</sub>O, <s>100</s> <del>old</del> <ins>new</ins>, "
        "<mark>G</mark>ate, E=mc<sup>2</sup>, <q>quoted</q>, <abbr title=x>A/S</abbr>, "
        "50&nbsp;%</p>"
    ),
    "center-and-font": (
        "<CENTER><FONT SIZE=+2 COLOR=#CC0000>OFFER</FONT></CENTER><BR CLEAR=ALL><MARQUEE>"
        "Now</MARQUEE> "
        "<NOBR>12 pieces</NOBR> <TT>A-17</TT> <BIG>Roof</BIG><DIR><LI>one<LI>two</DIR>"
    ),
    "frames": (
        "<p>Above</p><iframe src='https://a.example'>hidden</iframe><object data=x>"
        "</object>"
        "<map name=m><area href=x alt=y></map><p>Below</p>"
    ),
    "emoji-pictures": (
        "<div dir=ltr>Thank you <img data-emoji='👍' alt='👍' src='https://e.example/1f44d.png' "
        "style='height:1.2em'> and see you <span>😀</span> on <img class=an1 alt='🏗️' "
        "src='https://e.example/2.png'>Monday 👨‍👩‍👧 family</div>"
    ),
    "one-picture": "<html><body><img src='cid:image001.png@01DB' width=800 alt='Offer'></body>"
    "</html>",
    "arabic": (
        "<html dir=rtl lang=ar><body><p style='direction:rtl;text-align:right'>مرحبا آن،</p><p>تصل "
        "الرافعة يوم <b>الاثنين</b> الساعة 7:30 والسعر 1.500,00 EUR.</p><p>كتابٌ جديدٌ</p>"
        "</body></html>"
    ),
    "hebrew": (
        "<div dir=rtl><div>שלום אן,</div><div>המנוף מגיע ביום <span dir=ltr>Monday</span> בשעה 7:30"
        "</div><div><bdo dir=rtl>abc</bdo> <bdi>Kunde</bdi></div></div>"
    ),
    "persian": "<p dir=rtl>سلام، جرثقیل دوشنبه می&zwnj;آید و سالن آزاد می\u200cشود.</p>",
    "japanese": (
        "<html><head><meta charset=iso-2022-jp></head><body><div>アン様</div><div>クレーンは"
        "<b>月曜日</b>に来ます。<br>価格は1,500ユーロです。</div></body></html>"
    ),
    "chinese": (
        "<div style='line-height:1.7'><p><span>您好，</span></p><p>吊车"
        "<font color=red>星期一</font>到。"
        "</p><p>&#20215;&#26684;：1,500</p></div><div id=isForwardContent><hr></div>"
    ),
    "korean": (
        "<p>안녕하세요 앤 님,</p><p>크레인은 <span>월요</span>일에 도착합니다.</p>"
        "<p>가격은 500입니다.</p>"
    ),
    "thai-and-hindi": "<p>เครนจะมาวันจันทร์</p><p>क्रेन <b>सोमवार</b> को आएगी।</p><p>Xin chào "
    "Việt Nam</p>",
    "greek-and-cyrillic": "<p>Ο γερανός έρχεται.</p><p>Кран <i>прибуде</i> у понеділок о 7:30.</p>",
    "decomposed": "<p>Gru\u0308\u00dfe, A\u030aben a\u030arhus, cafe\u0301 <b>u\u0308</b>ber</p>",
    "no-markup": "Dear Ann,\r\nthe crane comes on Monday.\r\n5 < 6 and 7 > 2 & more",
    "one-line": f"<div>{_LONG}</div>",
    "br-only": "Dear Ann,<br><br/>the crane comes<br />on Monday.<BR>\nRegards<br>Eva</br>",
    "signature-of-icons": (
        "<div>Regards</div><table role=presentation><tr><td><img src='cid:l' alt=Kunde></td><td>"
        "<b>Eva"
        "</b> Holm<br><span style='font-size:10px'>T&nbsp;+45 70 12 34 "
        "56&nbsp;|&nbsp;M&nbsp;+45 20</span>"
        "<br><a href='https://a.example/1'><img src='cid:i' alt=in></a><a "
        "href='https://a.example/2'>"
        "<img src='cid:f' alt=fb></a></td></tr></table><p style='color:green'>Think before you "
        "print.</p>"
    ),
    "addresses-in-words": (
        "<p>Hall: Grüne Straße 7&thinsp;/&thinsp;9, "
        "24103&ensp;Kiel&emsp;(2.&nbsp;floor)&nbsp;&ndash; "
        "https://kunde.example/a?b=1&amp;c=%20 or \\\\server\\halls\\plan.pdf, "
        "12:30&ndash;13:00</p>"
    ),
    "links": (
        "<p><a href='https://kunde.example/plan'>our plan</a>, <a href='www.kunde.example'>"
        "site</a>, "
        "<a href='mailto:eva@kunde.example'>eva@kunde.example</a>, <a href='tel:+45 70 12 34 "
        "56'>call"
        "</a>, <a name=top>Top</a>, <a href=''>none</a>, <a href='https://kunde.example/a b'>space"
        "</a>&lt;https://kunde.example/c&gt;</p>"
    ),
    "quotes-nested": (
        "<blockquote>When?<blockquote>Which hall?<blockquote>The old one.</blockquote></blockquote>"
        "</blockquote><p>On Monday.</p><blockquote style='border-left:1px solid'>"
        "Who?</blockquote>Eva"
    ),
    "svg-and-math": (
        "<p>Before</p><svg width=9><title>icon</title><path d='M0 0'/></svg><p>After</p>"
        "<p>Area <math><mi>a</mi></math> known</p>"
    ),
    "list-mail": (
        "<html><body><p>Dear all,</p><p>the hall is free.</p><pre>\n____________________________\n"
        "halls mailing list\nhalls@liste.example\nhttps://liste.example/halls</pre></body></html>"
    ),
    "legacy-server": (
        '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2//EN">\r\n<HTML>\r\n<HEAD>\r\n<META NAME='
        '"Generator" CONTENT="MS Exchange Server version 6.5.7654.12">\r\n<TITLE>Offer</TITLE>'
        "\r\n</HEAD>\r\n<BODY>\r\n<!-- Converted from text/rtf format -->\r\n<BR>\r\n\r\n<P><SPAN "
        'LANG="da"><FONT SIZE=2 FACE="Arial">K\xe6re Ann</FONT></SPAN>\r\n</P>\r\n\r\n<P><FONT '
        "SIZE=2>Kranen kommer.</FONT></P>\r\n\r\n</BODY>\r\n</HTML>"
    ),
    "delivery-report": (
        "<html><body><p><b><font color='#000066' size=3 face=Arial>Delivery has failed to these "
        "recipients or groups:</font></b></p><p><a href='mailto:eva@kunde.example'>"
        "eva@kunde.example"
        "</a><br>The address was not found.</p><br><font color=gray>Diagnostic information:<br>"
        "#550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found ##</font></body></html>"
    ),
}
#: These bodies stay without an older mail below them.
ONE_LINERS = {"no-markup", "one-picture", "unclosed", "words-behind-the-end"}
