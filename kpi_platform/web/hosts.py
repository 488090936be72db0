"""The names under which the app answers, and what comes from its own pages."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers

from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import MissingConfiguration

VARIABLE = "KPI_WEB_HOSTS"
_HOST = re.compile(r"(?P<name>[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])\.?(:\d{1,5})?", re.I)
_PATTERN = re.compile(r"\*|(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|[0-9a-f:.]+", re.I)


@dataclass(frozen=True, slots=True)
class OwnHosts:
    """`patterns`: names in lower case, `*.example.com` for all below one, `*` for any."""

    patterns: frozenset[str]
    web_url: SplitResult

    @classmethod
    def of(cls, configuration: Configuration, *further: str) -> "OwnHosts":
        """KPI_WEB_URL's host, those of KPI_WEB_HOSTS, and `further`; loopback names are always among them.
        MissingConfiguration names a malformed one."""
        listed = [one.strip().lower() for one in (configuration.get(VARIABLE) or "").split(",")]
        for one in filter(None, listed):
            if not _PATTERN.fullmatch(one):
                raise MissingConfiguration(
                    f"{VARIABLE} holds '{one}', which is no host.",
                    next_step="Set it to names without scheme or port, separated by commas: kpi.example.com",
                )
        web_url = urlsplit(configuration.web_url)
        return cls(
            frozenset(filter(None, [*listed, web_url.hostname or "", *map(str.lower, further)])), web_url
        )

    def answer_to(self, hosts: Sequence[str]) -> bool:
        """Whether a request with these `Host` headers is meant for this app."""
        found = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        return found is not None and self._holds(found["name"].lower().strip("[]"))

    def are_behind_https(self, host: str) -> bool:
        """Whether `host`, of a `Host` header, is KPI_WEB_URL's and that is an https address: browsers came by
        https then, also if the proxy says otherwise."""
        return self.web_url.scheme == "https" and _place(host) == _place(self.web_url.netloc)

    def sent(self, headers: Headers, scheme: str) -> bool:
        """Whether the request comes from a page of this app, or was typed by its user, as the browser says by
        `Sec-Fetch-Site`, or else by `Origin` or `Referer`. False if it says nothing."""
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")
        try:
            page = urlsplit(headers.get("origin") or headers.get("referer") or "")
        except ValueError:
            return False
        if page.scheme not in ("http", "https") or (scheme == "https" and page.scheme == "http"):
            return False
        return _place(page.netloc) in (_place(headers.get("host", "")), _place(self.web_url.netloc))

    def _holds(self, name: str) -> bool:
        if name == "localhost" or _is_loopback(name) or self.patterns & {name, "*"}:
            return True
        _, _, parent = name.partition(".")
        while parent:
            if f"*.{parent}" in self.patterns:
                return True
            _, _, parent = parent.partition(".")
        return False


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _place(netloc: str) -> str:
    """Without a port that addresses leave out."""
    return re.sub(r":(80|443)$", "", netloc.lower())
