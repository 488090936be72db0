"""The place of a destination, as settings spell it: one text for all spellings that name the same place.

Two places that only a server can distinguish (loopback addresses, Snowflake regions, names in capitals) are
one here: a claim that is refused without need can be explained, one that is granted twice cannot be taken
back. So equal spellings are no reason to send credentials.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

from kpi_platform.domain.destination_kinds import DESTINATION_KINDS
from kpi_platform.domain.settings import WarehouseSettings

SNOWFLAKE_DOMAINS = (".snowflakecomputing.com", ".snowflakecomputing.cn")
_HERE = "127.0.0.1"


def spelled_server(warehouse: WarehouseSettings) -> str:
    """Returns the server, account or project of `warehouse`. Sections that its type does not use do not
    count."""
    kind = DESTINATION_KINDS[warehouse.type]
    match kind.place:
        case "file":
            # An installation has one such file, and its home may move.
            return kind.name
        case "project":
            return f"{kind.name}:{(warehouse.project or '').strip().lower()}"
        case "account":
            return f"{kind.name}:{_account(warehouse.host or '')}"
        case "server":
            # PostgreSQL's driver reaches a Redshift cluster, too.
            return f"server:{one_spelling(warehouse.host or '')}:{warehouse.port or kind.port}"


def spelled_place(warehouse: WarehouseSettings) -> str:
    """Returns the server and the database, which has raw schemas and marts of its own."""
    server = spelled_server(warehouse)
    if DESTINATION_KINDS[warehouse.type].place in ("file", "project"):
        return server
    return f"{server}/{(warehouse.database or '').strip().lower()}"


def one_spelling(host: str) -> str:
    """Returns a host name or address in its plain form: lower case, no dot at the end, addresses as they are
    written today, and every way to say `this machine` as 127.0.0.1."""
    name = host.strip().lower().rstrip(".")
    if name.startswith("/") or name == "localhost" or name.endswith(".localhost"):
        return _HERE
    address = parsed_address(name)
    if address is None:
        return name
    return _HERE if address.is_loopback or address.is_unspecified else str(address)


def parsed_address(text: str) -> IPv4Address | IPv6Address | None:
    """Returns the address that `text` spells, also `127.1`, `0x7f000001` or `::ffff:127.0.0.1`; None for a
    name."""
    try:
        address = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        try:
            # Takes what a resolver takes, and asks none.
            return ip_address(socket.inet_aton(text)) if text[:1].isdigit() else None
        except OSError:
            return None
    return getattr(address, "ipv4_mapped", None) or address


def without_domain(host: str) -> str:
    """Returns the account that a host of Snowflake's names; any other host as it is."""
    return next((host.removesuffix(end) for end in SNOWFLAKE_DOMAINS if host.endswith(end)), host)


def _account(host: str) -> str:
    """The account without region and cloud: Snowflake has several host names for one account."""
    name = without_domain(one_spelling(host))
    return _HERE if name == _HERE else name.partition(".")[0].replace("_", "-")
