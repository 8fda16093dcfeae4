"""Sends a message as a mail, by the mail server in the settings."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from webcrm_sync.core.alert_text import Notice, body, title
from webcrm_sync.core.alerts import Moment
from webcrm_sync.engine.alerts.not_sent import NotSent
from webcrm_sync.net.certificate_faults import CertificateFault, find_certificate_fault
from webcrm_sync.net.tls import create_trust
from webcrm_sync.settings import PREFIX, Settings

#: The longest wait for one answer of the server, and for all of them.
_ANSWER_S, _WHOLE_S = 20, 60
#: The ports of each kind of connection (RFC 8314; RFC 6409; RFC 5321).
_PORTS = {"tls": 465, "starttls": 587, "none": 25}


def compose(settings: Settings, notice: Notice) -> EmailMessage:
    """The mail. Another attempt has the same Message-ID, by which mail systems know it again."""
    receivers = sorted(settings.alert_mail_to)
    sender = settings.alert_mail_from or receivers[0]
    domain = sender.rpartition("@")[2]
    mail = EmailMessage()
    mail["From"] = Address("webCRM mail sync", addr_spec=sender)
    mail["To"] = ", ".join(receivers)
    mail["Subject"] = title(notice)
    mail["Date"] = format_datetime(notice.at)
    mail["Message-ID"] = f"<{notice.id}@{domain}>"
    if notice.moment in {Moment.SPREAD, Moment.ENDED}:  # one conversation for each trouble
        mail["References"] = f"<{notice.alert_id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # nobody's holiday note answers it (RFC 3834)
    mail.set_content(body(notice))
    return mail


def send(settings: Settings, notice: Notice) -> str:
    """Send the mail. Returns what the server answered. Raises NotSent."""
    mail = compose(settings, notice)
    server = f"{settings.smtp_host}:{_port(settings)}"
    try:
        with _connected(settings) as smtp:
            refused = smtp.send_message(mail)
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        reason = next(describe(error) for kind, describe in _REASONS if isinstance(error, kind))
        raise NotSent(f"{server} {reason}") from None
    if refused:
        return f"accepted by {server}, but not for {_refusals(refused)}"
    return f"accepted by {server}"


def _port(settings: Settings) -> int:
    return settings.smtp_port or _PORTS[settings.smtp_tls]


@contextmanager
def _connected(settings: Settings) -> Iterator[smtplib.SMTP]:
    """A connection to the server, encrypted and logged in as the settings say."""
    open_connections: list[smtplib.SMTP] = []
    timer = threading.Timer(_WHOLE_S, _cut, [open_connections])
    timer.daemon = True
    timer.start()
    try:
        trust = create_trust(settings.ca_bundle)
        host, port = settings.smtp_host or "", _port(settings)
        if settings.smtp_tls == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_ANSWER_S, context=trust)
        else:
            smtp = smtplib.SMTP(host, port, timeout=_ANSWER_S)
        open_connections.append(smtp)
        with smtp:
            if settings.smtp_tls == "starttls":
                smtp.starttls(context=trust)
            if settings.smtp_user and settings.smtp_password:
                smtp.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            yield smtp
    finally:
        timer.cancel()


def _cut(open_connections: list[smtplib.SMTP]) -> None:
    """End a connection whose server sends a byte now and then, which no time-out ends."""
    for smtp in open_connections:
        if smtp.sock:
            with suppress(OSError):  # it has ended by itself meanwhile
                smtp.sock.shutdown(socket.SHUT_RDWR)


def _answer(error: smtplib.SMTPResponseException) -> str:
    text = error.smtp_error
    said = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    return " ".join(f"{error.smtp_code} {said}".split())[:200]


def _refusals(refused: dict[str, tuple[int, bytes]]) -> str:
    return ", ".join(
        f"{address} ({code} {' '.join(said.decode(errors='replace').split())[:100]})"
        for address, (code, said) in sorted(refused.items())
    )


def _describe_certificate(error: ssl.SSLCertVerificationError) -> str:
    fault = find_certificate_fault(error) or CertificateFault.UNKNOWN_ROOT
    return f"has a certificate that {fault.words}: {fault.cure}."


#: Why a server did not take a mail, in words that follow its name. The first kind that fits counts.
_REASONS: Sequence[tuple[type[Exception], Callable[[Any], str]]] = (
    (
        ssl.SSLCertVerificationError,
        _describe_certificate,
    ),
    (
        smtplib.SMTPAuthenticationError,
        lambda e: f"refuses {PREFIX}SMTP_USER with {PREFIX}SMTP_PASSWORD ({_answer(e)}).",
    ),
    (smtplib.SMTPRecipientsRefused, lambda e: f"takes no mail for {_refusals(e.recipients)}."),
    (smtplib.SMTPResponseException, lambda e: f"does not take the mail ({_answer(e)})."),
    (
        smtplib.SMTPNotSupportedError,
        lambda e: (
            f"cannot do what is asked: {str(e).rstrip('.')}. Check {PREFIX}SMTP_TLS, "
            "SMTP_USER and the characters of the addresses."
        ),
    ),
    (
        UnicodeError,  # smtplib's login knows ASCII alone; a host's name may have an empty label
        lambda _: (
            f"cannot be asked: {PREFIX}SMTP_HOST, SMTP_USER or SMTP_PASSWORD holds "
            "characters that are not allowed."
        ),
    ),
    (
        Exception,
        lambda e: (
            f"does not answer ({type(e).__name__}). Check {PREFIX}SMTP_HOST, SMTP_PORT and "
            "SMTP_TLS."
        ),
    ),
)
