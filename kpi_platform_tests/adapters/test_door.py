"""The door: what the operator's list and environment open, and nothing else."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.adapters.door import AllowedHosts, Door, HostNotAllowed
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import KpiPlatformError, Unavailable

HERE = ("127.0.0.1", "localhost", "LOCALHOST.", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "::1")
SPELLED = (*HERE, "::ffff:127.0.0.1", "::ffff:7f00:1", "0.0.0.0", "127.0.0.1.")
INSIDE = (
    "169.254.169.254",
    "0xa9fea9fe",
    "168.63.129.16",
    "192.0.0.192",
    "10.2.0.1",
    "192.168.1.1",
    "fe80::1",
    "fd00:ec2::254",
    "224.0.0.1",
)


def door(allowed: str = "", **environment: str) -> Door:
    return Door.of(Configuration.from_environment({"KPI_ALLOWED_HOSTS": allowed, **environment}))


@contextmanager
def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> Iterator[list[str]]:
    """Every name resolves to `addresses`; gives the names that were asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def answer(host: str, port: int, *rest: int, **options: int) -> list[tuple[object, ...]]:
        if host in addresses:
            return list(real(host, port, *rest, **options))
        asked.append(host)
        return [(0, 0, 0, "", (address, port)) for address in addresses]

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", answer)
        yield asked


@pytest.mark.parametrize("host", [*SPELLED, *INSIDE, "db.example.com", "/var/run/postgresql"])
def test_without_a_list_nothing_is_reached(host: str) -> None:
    with pytest.raises(HostNotAllowed, match="KPI_ALLOWED_HOSTS") as refused:
        door().address(host, 5432)
    assert host in str(refused.value)


@pytest.mark.parametrize("host", [*SPELLED, *INSIDE])
def test_a_pattern_for_all_names_opens_no_address_of_this_network(host: str) -> None:
    for strict in (door("*").addresses, door("*").address):
        with pytest.raises((HostNotAllowed, Unavailable)):
            strict(host, 5432)


@pytest.mark.parametrize(
    "host",
    ["db,127.0.0.1", "db:5432", "db/x", "db x", "db\n", "", ".", "@abstract", "host=db", "db%00", "a" * 254],
)
def test_what_is_no_host_is_refused_whatever_the_list_says(host: str) -> None:
    with pytest.raises(HostNotAllowed):
        door("*").address(host, 5432)


@pytest.mark.parametrize("host", ["a" * 70, "x..y.example.com"])
def test_a_name_that_no_resolver_takes_is_an_error_of_ours(host: str) -> None:
    with pytest.raises(Unavailable):
        door("*").address(host, 5432)


def test_what_is_listed_is_reached_however_its_name_is_spelled(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = door("*.Example.com., db, 10.1.0.0/16, [::1], /var/run/postgresql/, xy1.eu-west-1")
    with resolving(monkeypatch, "10.1.0.5"):
        for host in ("DB", "db.", "warehouse.example.com", "10.1.0.5", "::ffff:10.1.0.5"):
            assert allowed.address(host, 5432) == "10.1.0.5"
    for host in ("/var/run/postgresql", "/var/run/../run/postgresql", "xy1.eu-west-1.snowflakecomputing.com"):
        allowed.require_host(host)
    for host in ("example.com", "example.com.evil.org", "/var/run", "/", "xy1.snowflakecomputing.com"):
        with pytest.raises(HostNotAllowed):
            allowed.require_host(host)


def test_of_several_addresses_only_those_that_are_permitted_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with resolving(monkeypatch, "169.254.169.254", "10.1.0.5"):
        assert door("db, 10.1.0.0/16").address("db", 1) == "10.1.0.5"
        # A driver that resolves the name again may take any of them.
        with pytest.raises(HostNotAllowed, match=r"169\.254\.169\.254"):
            door("db, 10.1.0.0/16").addresses("db", 1)


def test_of_several_permitted_addresses_the_one_that_answers_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with resolving(monkeypatch, "127.0.0.9", "127.0.0.1", "127.0.0.8"):
            assert door("db, 127.0.0.0/8").address("db", port) == "127.0.0.1"


def test_the_environment_names_the_installations_own_host(monkeypatch: pytest.MonkeyPatch) -> None:
    own = door(WAREHOUSE_HOST="Warehouse")
    with resolving(monkeypatch, "172.18.0.3"):
        assert own.address("warehouse.", 5432) == "172.18.0.3"
    for address in ("127.0.0.1", "::1", "169.254.169.254", "100.100.100.200", "fd00:ec2::254", "0.0.0.0"):
        with resolving(monkeypatch, address), pytest.raises(HostNotAllowed):
            own.address("warehouse", 5432)
    with pytest.raises(HostNotAllowed):
        own.address("other", 5432)
    assert door(WAREHOUSE_HOST="localhost").address("localhost", 5432) in ("127.0.0.1", "::1")
    assert door(WAREHOUSE_HOST="127.0.0.1").address("127.0.0.1", 5432) == "127.0.0.1"
    with pytest.raises(HostNotAllowed):
        door(WAREHOUSE_HOST="127.0.0.1").address("127.0.0.2", 5432)
    door(WAREHOUSE_HOST="xy1.eu-west-1").require_host("xy1.eu-west-1.snowflakecomputing.com")
    door(WAREHOUSE_TYPE="bigquery").require_host("bigquery.googleapis.com")
    with pytest.raises(HostNotAllowed):
        door(WAREHOUSE_TYPE="snowflake").require_host("bigquery.googleapis.com")


@given(st.ip_addresses())
def test_only_public_or_listed_addresses_are_allowed(address: object) -> None:
    allowed = AllowedHosts("warehouse.example, 10.1.0.0/16")
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        assert allowed.allows_address(str(address)) == allowed.allows_address(str(mapped))
    elif allowed.allows_address(str(address)):
        public = bool(address.is_global and not address.is_multicast)  # type: ignore[attr-defined]
        assert public or str(address).startswith("10.1.") or str(address).startswith("64:ff9b::")
    else:
        assert not str(address).startswith("10.1.")


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("64:ff9b::7f00:1", False),  # what a translator takes to 127.0.0.1
        ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b::8.8.8.8", True),
        ("2002:7f00:1::", False),  # a tunnel to 127.0.0.1
        ("::127.0.0.1", False),
        ("8.8.8.8", True),
        ("2606:4700::1", True),
    ],
)
def test_an_address_within_an_address_counts(address: str, allowed: bool) -> None:
    assert AllowedHosts("*").allows_address(address) == allowed


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "169.254.169.254", "10.2.0.1", "fe80::1%lo"])
def test_private_addresses_need_to_be_listed_themselves(address: str) -> None:
    assert not AllowedHosts("*, 10.1.0.0/16").allows_address(address)
    assert AllowedHosts(address.partition("%")[0]).allows_address(address)


@given(st.text(max_size=40))
def test_any_text_is_answered_or_refused(host: str) -> None:
    try:
        door().address(host, 1)
    except KpiPlatformError:
        return
    raise AssertionError(host)
