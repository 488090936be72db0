"""Messages that were made for every reader, in the words of a page: names instead of keys and paths."""

import re
from functools import cache

from jinja2 import pass_context
from jinja2.runtime import Context

from kpi_platform.dashboard.customers import StoredCustomer
from kpi_platform.domain.settings import settings_leaves
from kpi_platform.web.setting_labels import setting_label


@pass_context
def plain(context: Context, message: object, customer: StoredCustomer | None = None) -> str:
    """Returns the message without the key of `customer` (default: the page's), and with settings by their
    labels. It is a filter of templates: `{{ error | plain }}`."""
    customer = customer or context.get("customer")
    text = str(message)
    if customer is not None:
        text = in_own_words(text, customer.key, customer.name)
    return labelled(text)


def in_own_words(text: str, key: str, name: str) -> str:
    """Returns what is said of a customer as its own people read it: nobody has to say whose it is at the
    beginning, and its name stands for its key elsewhere."""
    beginning = f"Customer {key}: "
    if text.startswith(beginning):
        text = text[len(beginning) :]
        text = text[:1].upper() + text[1:]
    return re.sub(rf"\b([Cc]ustomer) ('?){re.escape(key)}\2(?!\w)", lambda _: name, text)


def labelled(text: str) -> str:
    """Returns the text with every path of a setting as the settings page calls it."""
    return _paths().sub(lambda found: f"“{setting_label(found[0])}”", text)


@cache
def _paths() -> re.Pattern[str]:
    paths = sorted((leaf.path for leaf in settings_leaves()), key=len, reverse=True)
    return re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, paths))})(?![\w.]*\w)")
