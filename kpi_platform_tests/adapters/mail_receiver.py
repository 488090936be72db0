"""A real SMTP server of this machine that keeps the mails it takes."""

from asyncio import Server
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller


@dataclass
class MailReceiver:
    """`mails` are those that were taken, `recipients` whom each is for. `answer` says what the server answers
    to the next mail."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    answer: Callable[[], str] = lambda: "250 Taken"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "KPI_SMTP_URL": f"smtp-plain://127.0.0.1:{self.port}",
            "KPI_SMTP_FROM": "KPI Platform <kpi@example.com>",
        }

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _: Any) -> str:
        if address.startswith("nobody"):
            return "550 No such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        answer = self.answer()
        if answer.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
            self.recipients.append(list(envelope.rcpt_tos))
        return answer


class _AnyPort(Controller):
    """Looks whether it has started at the port that it was given, not at port 0."""

    def _trigger_server(self) -> None:
        self.port = cast(Server, self.server).sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def receiving_mail() -> Iterator[MailReceiver]:
    receiver = MailReceiver()
    controller = _AnyPort(receiver, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        receiver.port = controller.port
        yield receiver
    finally:
        controller.stop()
