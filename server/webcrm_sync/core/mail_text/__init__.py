"""Converts the body of a mail to plain text, and separates new text from quoted mails.

Start with `body_text`. It reads HTML through `html` (with `elements`, `layout`, `style`,
`style_sheet`, `links`, `pictures`), cuts quoted mails off through `quoted_reply` (with
`quote_header`, `quote_lines`, `quote_marks`, `quote_words`), and limits its length through
`truncate`.
"""
