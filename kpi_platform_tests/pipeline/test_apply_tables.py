"""Switching tables in schema configurations as Fivetran really answers them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from kpi_platform.adapters.fivetran import FivetranApi
from kpi_platform.adapters.fivetran_connection import Connection
from kpi_platform.domain.errors import FivetranRefused
from kpi_platform.domain.settings import parse_settings
from kpi_platform.pipeline.apply_settings import prepare_first_sync
from kpi_platform.pipeline.apply_tables import apply_tables
from kpi_platform_tests.adapters.scripted_server import Answer, ScriptedServer, scripted

NONE_YET = Answer(404, {"code": "NotFound_SchemaConfig", "message": "no schema config"})


def table(enabled: bool = True, **patch: Any) -> dict[str, Any]:
    return {"enabled": enabled, "enabled_patch_settings": {"allowed": True, **patch}}


def schemas(enabled: bool = True, **tables: dict[str, Any]) -> Answer:
    shown = {name: {"name_in_destination": name, **one} for name, one in tables.items()}
    return Answer(body={"data": {"schemas": {"sf": {"enabled": enabled, "tables": shown}}}})


def connection(setup_state: str = "connected") -> Connection:
    return Connection.from_details({"id": "crm", "status": {"setup_state": setup_state}})


@contextmanager
def served(*answers: Answer) -> Iterator[tuple[FivetranApi, ScriptedServer]]:
    with scripted(*answers) as server, FivetranApi(server.url, "key", "secret") as api:
        yield api, server


def applied(api: FivetranApi, wanted: dict[str, bool], setup_state: str = "connected") -> dict[str, str]:
    done = apply_tables(api, "salesforce", connection(setup_state), wanted, [])
    return {change.setting.removeprefix("tables."): change.message for change in done}


def sent(server: ScriptedServer) -> list[Any]:
    return [body for method, _, body in server.requests if method == "PATCH"]


def test_only_what_differs_is_sent_with_the_schemas_own_switch() -> None:
    before, after = schemas(account=table(), case=table()), schemas(account=table(), case=table(False))
    with served(before, after) as (api, server):
        assert applied(api, {"account": True, "case": False}) == {"account": "on", "case": "off"}
    assert sent(server) == [{"schemas": {"sf": {"enabled": True, "tables": {"case": {"enabled": False}}}}}]


def test_nothing_is_sent_where_nothing_differs() -> None:
    with served(schemas(account=table(), case=table(False))) as (api, server):
        assert applied(api, {"account": True, "case": False}) == {"account": "on", "case": "off"}
    assert sent(server) == []


def test_a_locked_table_is_left_as_it_is_and_said_so() -> None:
    locked = table(allowed=False, reason_code="SYSTEM_TABLE")
    with served(schemas(account=table(), case=locked)) as (api, server):
        told = applied(api, {"account": True, "case": False})
    assert told["case"] == "stays on: locked in Fivetran (SYSTEM_TABLE)"
    assert sent(server) == []


def test_a_schema_that_is_off_is_switched_on_for_our_tables_alone() -> None:
    before = schemas(False, account=table(), huge=table(), case=table())
    after = schemas(account=table(), huge=table(False), case=table(False))
    with served(before, after) as (api, server):
        assert applied(api, {"account": True, "case": False}) == {"account": "on", "case": "off"}
    tables = {"account": {"enabled": True}, "huge": {"enabled": False}, "case": {"enabled": False}}
    assert sent(server) == [{"schemas": {"sf": {"enabled": True, "tables": tables}}}]


def test_an_answer_with_less_than_was_asked_for_is_read_again() -> None:
    before, after = schemas(account=table(), case=table()), schemas(account=table(), case=table(False))
    with served(before, Answer(body={"data": {"schemas": {}}}), after) as (api, server):
        assert applied(api, {"case": False}) == {"case": "off"}
    assert [method for method, _, _ in server.requests] == ["GET", "PATCH", "GET"]


def test_a_table_that_stays_otherwise_is_named() -> None:
    before = schemas(account=table(), case=table())
    with served(before) as (api, _), pytest.raises(FivetranRefused, match="case on"):
        applied(api, {"case": False})


def test_a_change_whose_answer_was_lost_is_read_and_not_made_again() -> None:
    before, after = schemas(case=table()), schemas(case=table(False))
    with served(before, Answer(hang_up=True), after) as (api, server):
        assert applied(api, {"case": False}) == {"case": "off"}
    assert len(sent(server)) == 1


def test_before_the_set_up_is_complete_the_source_is_not_asked_for_its_tables() -> None:
    with served(NONE_YET) as (api, server):
        assert applied(api, {"case": False}, "incomplete") == {"case": "off, before the first sync"}
    assert [method for method, _, _ in server.requests] == ["GET"]


NO_CASES = {"salesforce": {"connection_id": "crm", "sync_objects": {"cases": False}}}


def test_before_the_first_sync_the_tables_that_are_off_are_switched_off() -> None:
    with served(NONE_YET, schemas(account=table(), case=table()), schemas(case=table(False))) as (
        api,
        server,
    ):
        [change] = prepare_first_sync(api, parse_settings(NO_CASES), "salesforce", connection())
    assert (change.setting, change.value) == ("tables.case", False)
    assert [path for _, path, _ in server.requests][1] == "/v1/connections/crm/schemas/reload"


def test_a_first_sync_does_not_start_where_a_table_cannot_be_switched_off() -> None:
    asleep = Answer(409, {"code": "Conflict", "message": "The source is asleep."})
    with served(NONE_YET, asleep) as (api, _), pytest.raises(FivetranRefused, match="case") as raised:
        prepare_first_sync(api, parse_settings(NO_CASES), "salesforce", connection())
    assert raised.value.details["retry"] is True


def test_a_first_sync_of_all_tables_asks_nothing() -> None:
    with served(NONE_YET) as (api, server):
        everything = parse_settings({"salesforce": {"connection_id": "crm"}})
        assert prepare_first_sync(api, everything, "salesforce", connection()) == []
    assert server.requests == []


def test_a_table_of_which_fivetran_says_nothing_is_taken_for_synced() -> None:
    silent = {"enabled": None, "enabled_patch_settings": None}
    with served(schemas(case=silent), schemas(case=table(False))) as (api, server):
        assert applied(api, {"case": False}) == {"case": "off"}
    assert len(sent(server)) == 1


def test_what_fivetran_refused_is_not_taken_back() -> None:
    refused = Answer(400, {"code": "InvalidInput", "message": "locked"})
    undo: list[Callable[[], Any]] = []
    with served(schemas(case=table()), refused) as (api, _), pytest.raises(FivetranRefused):
        apply_tables(api, "salesforce", connection(), {"case": False}, undo)
    assert undo == []
