"""The one door to the outside: which addresses of settings the operator lets this installation reach.

Whoever connects to a host that settings name asks here, and connects to the address that is answered: a name
cannot come to mean another machine between the check and the use (docs/decisions/0015).
"""

import re
import socket
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from posixpath import normpath

from kpi_platform.configuration import Configuration
from kpi_platform.domain.destination_kinds import DESTINATION_KINDS
from kpi_platform.domain.errors import InvalidInput, Unavailable
from kpi_platform.domain.places import without_domain

ALLOWED_HOSTS_VARIABLE = "KPI_ALLOWED_HOSTS"
CONNECT_SECONDS = 10
BIGQUERY_HOST = DESTINATION_KINDS["bigquery"].host
_NAME = re.compile(r"[a-z0-9_]([a-z0-9._-]{0,252})")
_PRIVATE = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)
_METADATA = tuple(map(ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")))
"""Addresses at which clouds give credentials to any caller, although they count as public. The usual one is
link-local."""

_TRANSLATED = IPv6Network("64:ff9b::/96")
"""Addresses whose last 32 bits are the IPv4 address that a translator (NAT64) reaches for them."""

Address = IPv4Address | IPv6Address


class HostNotAllowed(InvalidInput):
    """A host that the operator does not let anybody reach from here."""

    code = "host_not_allowed"


class AllowedHosts:
    """The entries of KPI_ALLOWED_HOSTS: patterns of host names (`*.snowflakecomputing.com`), addresses,
    networks (`10.1.0.0/16`) and folders of unix sockets, separated by commas.

    A host must match a name or be an address on the list. The address that it resolves to must be a public
    one, or on the list itself: a name alone opens no private, loopback or link-local address.
    """

    def __init__(self, text: str) -> None:
        self._names: list[str] = []
        self._networks: list[IPv4Network | IPv6Network] = []
        self._folders: list[str] = []
        for entry in filter(None, map(str.strip, text.split(","))):
            if entry.startswith("/"):
                self._folders.append(normpath(entry))
                continue
            try:
                self._networks.append(ip_network(entry.strip("[]"), strict=False))
            except ValueError:
                self._names.append(entry.lower().rstrip("."))

    def allows_host(self, host: str) -> bool:
        """Whether the list has `host`, given in lower case and without a dot at its end."""
        if host.startswith("/"):
            return host in self._folders
        address = _address(host)
        if address is not None and self._lists(address):
            return True
        return any(fnmatchcase(host, name) for name in self._names)

    def allows_address(self, text: str) -> bool:
        address = _address(text)
        return address is not None and (self._lists(address) or _is_public(address))

    def _lists(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


@dataclass(frozen=True, slots=True)
class Door:
    """The hosts that the operator allows. `own` is the destination's host that the environment names: it may
    also have a private address, and a loopback one if it is spelled as such. `named` is a host that another
    variable of the environment names: at public addresses."""

    allowed: AllowedHosts
    own: str | None = None
    named: str | None = None

    @classmethod
    def to(cls, configuration: Configuration, host: str) -> "Door":
        """Checks the name of a destination's `host` without resolving it. Raises HostNotAllowed."""
        door = cls.of(configuration)
        door.require_host(host)
        return door

    @classmethod
    def of(cls, configuration: Configuration) -> "Door":
        kind = DESTINATION_KINDS.get(configuration.get("WAREHOUSE_TYPE") or "")
        own = configuration.get("WAREHOUSE_HOST") or (kind.host if kind else "")
        return _door(configuration.get(ALLOWED_HOSTS_VARIABLE) or "", own or None)

    def require_host(self, host: str) -> None:
        """Raises HostNotAllowed, without resolving it, if the operator does not allow the host."""
        if not self._allows(_plain(host)):
            raise HostNotAllowed(
                f"The host {host} is not on the operator's list.",
                next_step=f"Ask the operator to add it to {ALLOWED_HOSTS_VARIABLE}.",
                details={"host": host},
            )

    def addresses(self, host: str, port: int) -> list[str]:
        """Returns all addresses of the host if each is permitted: for drivers that resolve the name again.
        Raises HostNotAllowed, or Unavailable if the name has no address."""
        found = self._resolved(host, port)
        for address in found:
            self._require_address(host, address)
        return found

    def address(self, host: str, port: int, *, family: int = socket.AF_UNSPEC) -> str:
        """Returns the one address to connect to, resolved just now. Of several it is the first that is
        permitted and answers, or else the last. Raises what `addresses` raises."""
        found = self._resolved(host, port, family)
        permitted = [address for address in found if self._permits(host, address)]
        if not permitted:
            self._require_address(host, found[0])
        for address in permitted[:-1]:
            if _answers(address, port):
                return address
        return permitted[-1]

    def _allows(self, host: str) -> bool:
        return any(name in (self.own, self.named) or self.allowed.allows_host(name) for name in _names(host))

    def _resolved(self, host: str, port: int, family: int = socket.AF_UNSPEC) -> list[str]:
        self.require_host(host)
        try:
            found = socket.getaddrinfo(_plain(host), port, family=family, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as cause:
            raise Unavailable(
                f"The host name {host} cannot be resolved.", next_step="Check the spelling of the host."
            ) from cause
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))

    def _permits(self, host: str, text: str) -> bool:
        if self.allowed.allows_address(text):
            return True
        address = _address(text)
        if self.own is None or address is None or self.own not in _names(_plain(host)):
            return False
        if address.is_loopback:
            return self.own == "localhost" or address == _address(self.own)
        private = any(address in network for network in _PRIVATE) and address not in _METADATA
        return private or address == _address(self.own)

    def _require_address(self, host: str, address: str) -> None:
        if not self._permits(host, address):
            raise HostNotAllowed(
                f"The address {address} of the host {host} is not one that may be reached from here.",
                next_step=f"Ask the operator to add the address to {ALLOWED_HOSTS_VARIABLE}.",
                details={"host": host, "address": address},
            )


def reach(address: str, port: int) -> None:
    """Opens and closes a TCP connection to an address that the door answered. Raises Unavailable."""
    try:
        socket.create_connection((address, port), timeout=CONNECT_SECONDS).close()
    except OSError as cause:
        raise Unavailable(
            f"Nothing answers at {address}, port {port}.",
            next_step="Check host and port, and that a firewall lets this machine through.",
        ) from cause


@lru_cache(maxsize=32)
def _door(allowed: str, own: str | None) -> Door:
    return Door(AllowedHosts(allowed), None if own is None else _plain(own))


def _plain(host: str) -> str:
    """In lower case, without a dot at its end. Raises HostNotAllowed for what is no host: a driver may read
    two hosts, a port or a path into it."""
    if host.startswith("/"):
        return normpath(host)
    name = host.lower().rstrip(".")
    if _address(name) is None and not _NAME.fullmatch(name):
        raise HostNotAllowed(
            f"{host!r} is no host name.", next_step="Give a host name or an address, without port or path."
        )
    return name


def _names(host: str) -> list[str]:
    """The host, and its account if it is Snowflake's: lists and settings name either."""
    return [host, without_domain(host)]


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address):
        if address in _TRANSLATED:
            return _is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address.sixtofour is not None and not _is_public(address.sixtofour):
            return False
    inside = address.is_multicast or address.is_reserved or address in _METADATA
    return address.is_global and not inside


def _answers(address: str, port: int) -> bool:
    try:
        reach(address, port)
    except Unavailable:
        return False
    return True
