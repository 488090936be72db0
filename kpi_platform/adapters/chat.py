"""Notices in the forms that incoming webhooks of Slack and Teams take.

Slack: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks (mrkdwn, blocks). Teams: the
workflow "Post to a channel when a webhook request is received", which takes Adaptive Cards.
"""

import json
from typing import Any

from kpi_platform.domain.notices import Notice, NoticeLine

_SLACK_TEXT = 2900
"""Slack refuses a section of more than 3,000 characters, and a message of more than 50 blocks."""
_SLACK_PARTS = 20
_TEAMS_BYTES = 22_000
"""Teams refuses a message of more than 28 kB."""
_TEAMS_FOOTER = 5


def slack(notice: Notice) -> dict[str, Any]:
    """Returns the body of a POST to an incoming webhook of Slack. `text` is what a notification shows."""
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": notice.title[:150]}},
    ]
    if notice.text:
        blocks.append(_section(_mrkdwn(notice.text)))
    for part in notice.parts[:_SLACK_PARTS]:
        lines = [f"• {_slack_line(line)}" for line in part.lines]
        blocks.append(_section(_fitting(f"*{_mrkdwn(part.title)}*", lines, part.more)))
    if notice.link:
        blocks.append(_section(f"<{notice.link}|{_mrkdwn(notice.link_text)}>"))
    if notice.footer:
        words = " · ".join(_slack_line(line) for line in notice.footer)
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": words[:_SLACK_TEXT]}]})
    text = _mrkdwn(f"{notice.title}: {notice.text}" if notice.text else notice.title)
    return {"text": text[:_SLACK_TEXT], "blocks": blocks}


def teams(notice: Notice) -> dict[str, Any]:
    """Returns the body of a POST to a workflow's webhook of Teams: an Adaptive Card."""
    body = [_block(_markdown(notice.title[:300]), size="Large", weight="Bolder")]
    if notice.text:
        body.append(_block(_markdown(notice.text[:3000])))
    for part in notice.parts:
        rows = [_block(_markdown(part.title), weight="Bolder", separator=True)]
        rows += [_block(_teams_line(line)) for line in part.lines]
        rows += [_block(_markdown(part.more), isSubtle=True)] if part.more else []
        body += rows
    room, whole = _TEAMS_BYTES, len(body)
    for number, block in enumerate(body):
        room -= len(json.dumps(block).encode())
        if room < 0:
            body = [*body[:number], _block(f"and {whole - number} lines more", isSubtle=True)]
            break
    for line in notice.footer[:_TEAMS_FOOTER]:
        body.append(_block(_teams_line(line), isSubtle=True, size="Small"))
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
    }
    if notice.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": notice.link_text, "url": notice.link}]
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:_SLACK_TEXT]}}


def _fitting(title: str, lines: list[str], more: str) -> str:
    """The title with as many whole lines as a section takes."""
    taken = [title]
    for number, line in enumerate(lines):
        if sum(map(len, taken)) + len(taken) + len(line) > _SLACK_TEXT - 100:
            taken.append(f"and {len(lines) - number} more")
            break
        taken.append(line)
    return "\n".join([*taken, *([_mrkdwn(more)] if more else [])])


def _slack_line(line: NoticeLine) -> str:
    text = _mrkdwn(line.text)
    return f"<{line.link}|{text}>{_mrkdwn(line.rest)}" if line.link else f"{text}{_mrkdwn(line.rest)}"


def _mrkdwn(text: str) -> str:
    """Slack's three signs escaped: no text of a source becomes a link or calls a whole channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _block(text: str, **options: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True, **options}


def _teams_line(line: NoticeLine) -> str:
    text = _markdown(line.text)
    link = line.link.replace(")", "%29") if line.link else None
    return f"[{text}]({link}){_markdown(line.rest)}" if link else f"{text}{_markdown(line.rest)}"


def _markdown(text: str) -> str:
    """The signs of Markdown escaped: no text of a source becomes a link."""
    return "".join(f"\\{sign}" if sign in "\\`*_[]()<>#|" else sign for sign in text)
