"""Mails arrive whole at a real server, carry nothing that they should not, and an error shows no secret."""

from dataclasses import replace

import pytest

from kpi_platform.adapters.mail import MailServer, send_mail
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import KpiPlatformError, MissingConfiguration, Unavailable
from kpi_platform.domain.notices import Notice, NoticeLine, NoticePart
from kpi_platform_tests.adapters.mail_receiver import MailReceiver, receiving_mail

NOTICE = Notice(
    "msg_1",
    "Acme: 2 accounts\nBcc: eve@example.org",
    "Two <b>accounts</b> got worse.",
    (NoticePart("Got worse", (NoticeLine("Hull & Co", ": NPS −18", "https://kpi.example.com/a?b=1&c=2"),)),),
    link="https://kpi.example.com/",
    footer=(NoticeLine("Since yesterday"),),
    unsubscribe="https://kpi.example.com/unsubscribe/x",
)


def given(receiver: MailReceiver, **changes: str) -> Configuration:
    return Configuration.from_environment({**receiver.environment, **changes})


def test_a_mail_says_the_same_as_text_and_as_html() -> None:
    with receiving_mail() as receiver:
        send_mail(given(receiver), ["ada@example.com", "bob@example.com"], NOTICE)
    [mail], [recipients] = receiver.mails, receiver.recipients
    assert recipients == ["ada@example.com", "bob@example.com"]
    assert mail["Subject"] == "Acme: 2 accounts Bcc: eve@example.org"
    assert mail["Bcc"] is None
    assert (mail["From"], mail["Message-ID"]) == ("KPI Platform <kpi@example.com>", "<msg_1@example.com>")
    assert mail["List-Unsubscribe"] == "<https://kpi.example.com/unsubscribe/x>"
    text, html = (mail.get_body([kind]) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == (
        "Two <b>accounts</b> got worse.\n\nGot worse\n"
        "* Hull & Co: NPS −18 https://kpi.example.com/a?b=1&c=2\n\n"
        "Open: https://kpi.example.com/\n\nSince yesterday\n"
        "Unsubscribe: https://kpi.example.com/unsubscribe/x\n"
    )
    written = html.get_content()
    assert "<a href='https://kpi.example.com/a?b=1&amp;c=2'>Hull &amp; Co</a>: NPS −18" in written
    assert "<b>accounts" not in written


def test_a_recipient_whom_the_server_refuses_holds_back_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with receiving_mail() as receiver:
        send_mail(given(receiver), ["nobody@example.com", "bob@example.com"], NOTICE)
        assert receiver.recipients == [["bob@example.com"]]
        assert "nobody@example.com" in caplog.text
        with pytest.raises(Unavailable):
            send_mail(given(receiver), ["nobody@example.com"], NOTICE)


@pytest.mark.parametrize("answer", ["451 Later: m4rk3r", "554 No: m4rk3r"])
def test_a_server_that_refuses_is_named_by_its_variable_alone(answer: str) -> None:
    with receiving_mail() as receiver:
        receiver.answer = lambda: answer
        with pytest.raises(Unavailable, match=r"KPI_SMTP_URL .*SMTPDataError " + answer[:3]) as raised:
            send_mail(given(receiver), ["ada@example.com"], NOTICE)
        assert "m4rk3r" not in str(raised.value)


def test_nothing_is_sent_in_the_clear_unless_the_operator_says_so() -> None:
    with receiving_mail() as receiver:
        plain = receiver.environment["KPI_SMTP_URL"]
        for scheme in ("smtp", "smtps"):
            url = plain.replace("smtp-plain://", f"{scheme}://user:m4rk3r@")
            with pytest.raises(Unavailable) as raised:
                send_mail(given(receiver, KPI_SMTP_URL=url), ["ada@example.com"], NOTICE)
            assert "m4rk3r" not in str(raised.value)
        assert receiver.mails == []


@pytest.mark.parametrize(
    "url", ["", "m4rk3r", "https://m4rk3r", "smtp://", "smtp://u:m4rk3r@h:port", "smtp://[m4rk3r"]
)
def test_a_malformed_address_is_named_by_its_variable_alone(url: str) -> None:
    here = Configuration.from_environment({"KPI_SMTP_URL": url, "KPI_SMTP_FROM": "kpi@example.com"})
    with pytest.raises(MissingConfiguration, match="KPI_SMTP_URL") as raised:
        MailServer.of(here)
    assert "m4rk3r" not in str(raised.value)


def test_user_and_password_are_read_from_the_address() -> None:
    url = "smtp://ada%40example.com:p%3Aw%2F@mail.example.com"
    here = Configuration.from_environment({"KPI_SMTP_URL": url, "KPI_SMTP_FROM": "kpi@example.com"})
    server = MailServer.of(here)
    assert (server.user, server.password, server.port) == ("ada@example.com", "p:w/", 587)
    assert "p:w/" not in repr(server)


def test_a_mail_without_sender_or_server_names_the_variable() -> None:
    for missing in ("KPI_SMTP_URL", "KPI_SMTP_FROM"):
        with receiving_mail() as receiver:
            here = given(receiver)
            environment = {name: text for name, text in here.environment.items() if name != missing}
            with pytest.raises(KpiPlatformError, match=missing):
                send_mail(replace(here, environment=environment), ["ada@example.com"], NOTICE)
