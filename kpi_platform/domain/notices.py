"""Notices: what people are told over e-mail and chat, apart from the form that a channel gives it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """One line. `link` leads from its beginning, `text`, to a page; `rest` stands behind it."""

    text: str
    rest: str = ""
    link: str | None = None


@dataclass(frozen=True, slots=True)
class NoticePart:
    """Lines under a title of their own; `more` is said behind them, such as "and 7 more"."""

    title: str
    lines: tuple[NoticeLine, ...]
    more: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice in plain text without secrets. `id` is the same for every try to send it. `footer` stands
    below, small. `unsubscribe` is the page at which whoever gets it by e-mail can end that."""

    id: str
    title: str
    text: str
    parts: tuple[NoticePart, ...] = ()
    link: str | None = None
    link_text: str = "Open"
    footer: tuple[NoticeLine, ...] = ()
    unsubscribe: str | None = None
