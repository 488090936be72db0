"""E-mail, through the operator's own SMTP server (KPI_SMTP_URL): no settings of a customer name a server.

`smtplib` and `email` do it. A library for many channels opens its connections by itself, past the door
(docs/decisions/0035).
"""

import logging
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from html import escape
from urllib.parse import unquote, urlsplit

from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import MissingConfiguration, Unavailable
from kpi_platform.domain.notices import Notice, NoticeLine

URL_VARIABLE = "KPI_SMTP_URL"
FROM_VARIABLE = "KPI_SMTP_FROM"
TIMEOUT_SECONDS = 15.0
_PORTS = {"smtps": 465, "smtp": 587, "smtp-plain": 25}
_EXAMPLE = "smtp://user:password@smtp.example.com:587"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MailServer:
    """The server of KPI_SMTP_URL. `smtps`: encrypted from the first byte. `smtp`: from STARTTLS on, which the
    server must know. `smtp-plain`: never."""

    scheme: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    sender: str

    @classmethod
    def of(cls, configuration: Configuration) -> "MailServer":
        """Raises MissingConfiguration, which names the variable, if one is missing or malformed."""
        text = configuration.secret(URL_VARIABLE)
        sender = configuration.secret(FROM_VARIABLE)
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port or _PORTS[parts.scheme]
        except (ValueError, KeyError):
            host = None
        if not host:
            raise MissingConfiguration(
                f"{URL_VARIABLE} is no address of a mail server.",
                next_step=f"Set it as {_EXAMPLE}; smtps:// encrypts all, smtp-plain:// nothing.",
            ) from None
        if not _is_address(sender):
            raise MissingConfiguration(
                f"{FROM_VARIABLE} is '{sender}', which is no e-mail address.",
                next_step=f"Set {FROM_VARIABLE} to the address that mails are from, such as "
                "'KPI Platform <kpi@example.com>'.",
            )
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(parts.scheme, host, port, user, password, sender)

    @property
    def domain(self) -> str:
        return parseaddr(self.sender)[1].partition("@")[2]


def send_mail(configuration: Configuration, recipients: Sequence[str], notice: Notice) -> None:
    """Sends one mail to all recipients. Some of whom the server refuses are logged. Raises
    MissingConfiguration, and Unavailable if the server takes the mail for nobody."""
    server = MailServer.of(configuration)
    message = mail_of(server, recipients, notice)
    try:
        with _connected(server) as smtp:
            refused = smtp.send_message(message, parseaddr(server.sender)[1], list(recipients))
    except (OSError, smtplib.SMTPException) as cause:
        raise Unavailable(
            f"The mail server in {URL_VARIABLE} did not take a mail: {_reason(cause)}.",
            next_step=f"Check {URL_VARIABLE}, {FROM_VARIABLE} and the recipients in the settings.",
        ) from None
    for one in refused:
        _log.error("The mail server in %s refused the recipient %s.", URL_VARIABLE, one)


def mail_of(server: MailServer, recipients: Sequence[str], notice: Notice) -> EmailMessage:
    """Returns the mail as text and HTML. Its Message-ID is made of the notice's id: receivers drop
    repetitions."""
    message = EmailMessage()
    message["Subject"] = " ".join(notice.title.split())
    message["From"] = server.sender
    message["To"] = [Address(addr_spec=one) for one in recipients]
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{notice.id}@{server.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    if notice.unsubscribe:
        message["List-Unsubscribe"] = f"<{notice.unsubscribe}>"
    message.set_content(_text(notice))
    message.add_alternative(_html(notice), subtype="html")
    return message


def _connected(server: MailServer) -> smtplib.SMTP:
    """Without a name server being asked for this machine's name, which it may not have."""
    smtp: smtplib.SMTP
    host, port, own_name = server.host, server.port, server.domain
    if server.scheme == "smtps":
        context = ssl.create_default_context()
        smtp = smtplib.SMTP_SSL(host, port, own_name, timeout=TIMEOUT_SECONDS, context=context)
    else:
        smtp = smtplib.SMTP(host, port, own_name, timeout=TIMEOUT_SECONDS)
    try:
        if server.scheme == "smtp":
            smtp.starttls(context=ssl.create_default_context())
        if server.user:
            smtp.login(server.user, server.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _reason(cause: Exception) -> str:
    """The kind of the error and the server's number; its words may hold an address or a password."""
    code = getattr(cause, "smtp_code", None)
    return f"{type(cause).__name__}{f' {code}' if code else ''}"


def _is_address(text: str) -> bool:
    address = parseaddr(text)[1]
    return "@" in address and not any(sign in text for sign in "\r\n")


def _text(notice: Notice) -> str:
    blocks = [notice.text]
    for part in notice.parts:
        lines = [f"* {line.text}{line.rest}{f' {line.link}' if line.link else ''}" for line in part.lines]
        blocks.append("\n".join([part.title, *lines, *([part.more] if part.more else [])]))
    if notice.link:
        blocks.append(f"{notice.link_text}: {notice.link}")
    foot = [f"{line.text}{line.rest}{f': {line.link}' if line.link else ''}" for line in notice.footer]
    if notice.unsubscribe:
        foot.append(f"Unsubscribe: {notice.unsubscribe}")
    blocks.append("\n".join(foot))
    return "\n\n".join(filter(None, blocks)) + "\n"


def _html(notice: Notice) -> str:
    """Simple HTML, which mail programs show alike."""
    rows = [f"<p>{escape(notice.text)}</p>" if notice.text else ""]
    for part in notice.parts:
        lines = "".join(f"<li>{_linked(line)}</li>" for line in part.lines)
        more = f"<p>{escape(part.more)}</p>" if part.more else ""
        rows.append(f"<h2 style='font-size:16px'>{escape(part.title)}</h2><ul>{lines}</ul>{more}")
    if notice.link:
        rows.append(f"<p><a href='{escape(notice.link)}'>{escape(notice.link_text)}</a></p>")
    foot = [_linked(line) for line in notice.footer]
    if notice.unsubscribe:
        foot.append(f"<a href='{escape(notice.unsubscribe)}'>Unsubscribe</a>")
    if foot:
        rows.append(f"<p style='color:#5b6472;font-size:13px'>{'<br>'.join(foot)}</p>")
    head = f"<h1 style='font-size:20px'>{escape(notice.title)}</h1>"
    return (
        "<!doctype html><html lang='en'><body style='font-family:sans-serif;font-size:15px;max-width:640px'>"
        f"{head}{''.join(rows)}</body></html>"
    )


def _linked(line: NoticeLine) -> str:
    text = escape(line.text)
    linked = f"<a href='{escape(line.link)}'>{text}</a>" if line.link else text
    return f"{linked}{escape(line.rest)}"
