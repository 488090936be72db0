from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from kpi_platform.dashboard.audit import audit_events, record_event
from kpi_platform.dashboard.customers import add_customer, remove_customer
from kpi_platform.dashboard.source_states import record_sync_state, source_states
from kpi_platform.dashboard.sync_requests import (
    advance_sync_request,
    create_sync_request,
    finish_sync_request,
    queued_sync_requests,
    sync_request,
    sync_requests,
)
from kpi_platform.dashboard.tokens import create_token, list_tokens, revoke_token, verify_token
from kpi_platform.domain.errors import Conflict, NotFound

T1 = datetime(2026, 3, 1, tzinfo=UTC)
T2 = T1 + timedelta(hours=1)


@pytest.fixture
def connection(any_dashboard_engine: sa.Engine):  # type: ignore[no-untyped-def]
    with any_dashboard_engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
        add_customer(connection, "bolt", "Bolt")
        yield connection


def test_a_request_is_queued_once_for_each_customer_and_source(connection: sa.Connection) -> None:
    first = create_sync_request(connection, "acme", "combined", requested_by="ann")
    assert create_sync_request(connection, "acme", "combined", requested_by="bob").id == first.id
    other = create_sync_request(connection, "acme", "salesforce", requested_by="bob")
    theirs = create_sync_request(connection, "bolt", "combined", requested_by="bob")
    assert len({first.id, other.id, theirs.id}) == 3
    advance_sync_request(connection, first.id, "syncing", run_id="run-1")
    assert create_sync_request(connection, "acme", "combined", requested_by="ann").id != first.id
    assert first.id not in [one.id for one in queued_sync_requests(connection)]
    assert len(sync_requests(connection, "acme")) == 3
    with pytest.raises(NotFound):
        sync_request(connection, first.id, customer="bolt")


def test_an_idempotency_key_gives_the_same_request_again(connection: sa.Connection) -> None:
    config = {"update_mode": "replace"}
    options = {"requested_by": "ann", "idempotency_key": "k1"}
    first = create_sync_request(connection, "acme", "combined", sync_config=config, **options)  # type: ignore[arg-type]
    finish_sync_request(connection, first.id, "done", results={"kpis_synced": 3})
    again = create_sync_request(connection, "acme", "combined", sync_config=config, **options)  # type: ignore[arg-type]
    assert (again.id, again.state) == (first.id, "done")
    with pytest.raises(Conflict, match="Idempotency-Key"):
        create_sync_request(connection, "acme", "salesforce", sync_config=config, **options)  # type: ignore[arg-type]


def test_progress_is_merged_by_source_and_stops_at_the_end(connection: sa.Connection) -> None:
    request = create_sync_request(connection, "acme", "combined", requested_by="ann")
    advance_sync_request(connection, request.id, "syncing", progress={"salesforce": {"rows": 1}}, run_id="r1")
    advance_sync_request(connection, request.id, "loading", progress={"servicenow": {"rows": 2}}, run_id="r2")
    done = finish_sync_request(connection, request.id, "done", results={"upload": 4}, run_id="r2")
    assert done.progress == {"salesforce": {"rows": 1}, "servicenow": {"rows": 2}}
    assert (done.run_ids, done.results) == (["r1", "r2"], {"upload": 4})
    assert done.finished_at is not None
    assert advance_sync_request(connection, request.id, "syncing").state == "done"
    assert finish_sync_request(connection, request.id, "failed", results={}).state == "done"


def test_sync_times_only_move_forward_and_another_connection_starts_anew(connection: sa.Connection) -> None:
    record_sync_state(connection, "acme", "salesforce", connection_id="c1", last_succeeded_at=T2)
    state = record_sync_state(connection, "acme", "salesforce", last_succeeded_at=T1, last_failed_at=T1)
    assert (state.last_succeeded_at, state.last_failed_at, state.last_sync_failed) == (T2, T1, False)
    assert source_states(connection, "acme") == {"salesforce": state}
    state = record_sync_state(connection, "acme", "salesforce", connection_id="c2", last_failed_at=T1)
    assert (state.last_succeeded_at, state.last_sync_failed) == (None, True)
    assert source_states(connection, "bolt") == {}


def test_a_token_is_verified_until_it_is_revoked_or_expired(connection: sa.Connection) -> None:
    text, token = create_token(connection, name="ci", customer="acme", scope="write", who="ann")
    assert (token.customer, token.is_operator, token.last_used_at) == ("acme", False, None)
    found = verify_token(connection, text)
    assert found is not None and found.id == token.id
    assert list_tokens(connection)[0].last_used_at is not None
    assert verify_token(connection, text + "x") is None
    revoke_token(connection, token.id)
    assert verify_token(connection, text) is None
    expired, _ = create_token(connection, name="old", customer=None, scope="admin", who="ann", expires_at=T1)
    assert verify_token(connection, expired) is None
    with pytest.raises(NotFound):
        revoke_token(connection, 99)


def test_the_tokens_of_a_removed_customer_end_and_the_operators_stay(connection: sa.Connection) -> None:
    theirs, _ = create_token(connection, name="a", customer="acme", scope="read", who="ann")
    operator, _ = create_token(connection, name="b", customer=None, scope="admin", who="ann")
    remove_customer(connection, "acme")
    add_customer(connection, "acme", "Acme")
    assert verify_token(connection, theirs) is None
    found = verify_token(connection, operator)
    assert found is not None and found.is_operator


def test_the_audit_trail_lists_the_newest_first(connection: sa.Connection) -> None:
    record_event(connection, who="ann", action="settings.save", target="version 2", customer="acme")
    record_event(connection, who="bob", action="token.create", target="ci", detail={"scope": "read"})
    assert [event.who for event in audit_events(connection)] == ["bob", "ann"]
    [mine] = audit_events(connection, "acme")
    assert (mine.customer, mine.action, mine.detail) == ("acme", "settings.save", {})
