from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest
import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.accounts import Account, add_account, get_account, list_accounts
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.deciding import accept_proposals, decide, undo_decision
from kpi_platform.dashboard.match_decisions import DecisionKind, match_decisions
from kpi_platform.dashboard.match_store import (
    StoredOutcome,
    matches_states,
    note_loaded,
    read_matches,
    store_changes,
)
from kpi_platform.dashboard.matches import count_matches, get_match, list_matches
from kpi_platform.domain.errors import Conflict, InvalidInput, NotFound

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def outcome(
    source: str, account: int | None, decision: str, candidates: tuple[int, ...] = ()
) -> StoredOutcome:
    return StoredOutcome(
        source_account_id=source,
        source_name=f"Source {source}",
        account_id=account,
        score=0.8 if account else 0.0,
        method="fuzzy" if account else "none",
        decision=decision,
        reason="similar name",
        candidates=[
            {"account_id": one, "name": "x", "score": 0.8, "method": "fuzzy", "reason": ""}
            for one in candidates
        ],
    )


@pytest.fixture
def connection(any_dashboard_engine: sa.Engine):  # type: ignore[no-untyped-def]
    with any_dashboard_engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
        for name in ("One", "Two"):
            add_account(connection, "acme", name=name)
        yield connection


def store(connection: sa.Connection, *outcomes: StoredOutcome) -> int:
    changes = read_matches(connection, [1])[1].changes(outcomes)
    store_changes(connection, {1: changes}, NOW)
    return len(changes)


def links(connection: sa.Connection) -> dict[str, int]:
    """What is known of the source accounts, with the external ids of the dashboard's accounts."""
    external = {one.external_id: one.id for one in list_accounts(connection, "acme") if one.external_id}
    return read_matches(connection, [1])[1].links(external)


def load_new_account(connection: sa.Connection, source: str) -> Account:
    """As a load does it that makes an account for a source account without a match, in upload 1."""
    created = add_account(connection, "acme", name="Three", external_id=source)
    mine = tables.accounts.c.id == created.id
    connection.execute(sa.update(tables.accounts).where(mine).values(upload_version=1))
    note_loaded(connection, {1: 1}, created={1: 1})
    return created


def test_outcomes_are_stored_once_and_vanish_with_their_source(connection: sa.Connection) -> None:
    rows = outcome("A", 1, "match"), outcome("B", 2, "review", (2, 1)), outcome("C", None, "none")
    assert store(connection, *rows) == 3
    state = matches_states(connection, [1])[1]
    assert store(connection, *rows) == 0
    assert matches_states(connection, [1])[1] == state
    assert store(connection, *rows[:2]) == 1
    assert [one.source_account_id for one in list_matches(connection, "acme")] == ["A", "B"]
    [waiting] = list_matches(connection, "acme", decision="review")
    assert (waiting.account_name, [one["account_id"] for one in waiting.candidates]) == ("Two", [2, 1])


def test_a_loaded_match_is_known_from_then_on_and_keeps_how_it_was_found(connection: sa.Connection) -> None:
    store(connection, outcome("A", 1, "match"), outcome("C", None, "none"))
    created = load_new_account(connection, "C")
    assert links(connection) == {"A": 1, "C": created.id}
    again = StoredOutcome("A", "Source A", 1, 1.0, "id", "match", "known", [])
    assert (
        store(connection, again, StoredOutcome("C", "Source C", created.id, 1.0, "id", "match", "known", []))
        == 0
    )
    assert get_match(connection, "acme", "A").method == "fuzzy"
    assert get_match(connection, "acme", "C").method == "created"


def test_a_decision_binds_until_it_is_undone(connection: sa.Connection) -> None:
    store(connection, outcome("A", 1, "review", (1, 2)))
    accepted = decide(connection, "acme", "A", "accept", who="ann")
    assert (accepted.account_id, accepted.decided_by) == (1, "ann")
    assert links(connection) == {"A": 1}
    chosen = decide(connection, "acme", "A", "choose", account_id=2, who="bob", note="phoned them")
    assert links(connection) == {"A": 2}
    assert [one.id for one in match_decisions(connection, "acme")] == [chosen.id]
    undo_decision(connection, "acme", chosen.id, who="ann")
    # The acceptance that the choice had replaced binds again.
    assert links(connection) == {"A": 1}
    match = undo_decision(connection, "acme", accepted.id, who="ann")
    assert (match.decision, match.loaded) == ("review", False)
    assert links(connection) == {}
    assert len(match_decisions(connection, "acme", include_undone=True)) == 2
    with pytest.raises(Conflict, match="undone already"):
        undo_decision(connection, "acme", chosen.id, who="ann")


def test_a_rejection_offers_the_next_candidate_and_then_none(connection: sa.Connection) -> None:
    store(connection, outcome("A", 1, "review", (1, 2)))
    decide(connection, "acme", "A", "reject", who="ann")
    match = get_match(connection, "acme", "A")
    assert (match.decision, match.account_id) == ("review", 2)
    decide(connection, "acme", "A", "reject", who="ann")
    match = get_match(connection, "acme", "A")
    assert (match.decision, match.account_id) == ("none", None)
    assert read_matches(connection, [1])[1].rejected == {("A", 1), ("A", 2)}


STATES = [
    outcome("A", 1, "review", (1, 2)),
    outcome("A", 1, "match", (1,)),
    outcome("A", None, "none", (1, 2)),
]
DECISIONS: list[tuple[DecisionKind, int]] = [("accept", 1), ("choose", 2), ("reject", 1), ("reject", 2)]


@pytest.mark.parametrize("linked", [None, 1])
@pytest.mark.parametrize("stored", STATES, ids=lambda one: one.decision)
def test_undoing_brings_back_what_each_of_a_row_of_decisions_replaced(
    connection: sa.Connection, stored: StoredOutcome, linked: int | None
) -> None:
    store(connection, stored)
    give_id(connection, linked)
    for first, second in product(DECISIONS, repeat=2):
        seen, made = [world(connection)], []
        for kind, account in (first, second):
            made.append(decide(connection, "acme", "A", kind, account_id=account, who="ann"))
            seen.append(world(connection))
        with pytest.raises(Conflict, match=r"Undo that one first|undone already"):
            undo_decision(connection, "acme", made[0].id, who="bob")
        while made:
            assert world(connection) == seen.pop()
            undo_decision(connection, "acme", made.pop().id, who="bob")
        assert world(connection) == seen.pop()


def give_id(connection: sa.Connection, account: int | None) -> None:
    """As a load does that has used the match of A."""
    mine = tables.accounts.c.id == account
    connection.execute(sa.update(tables.accounts).where(mine).values(external_id="A"))


def world(connection: sa.Connection) -> tuple[object, ...]:
    """What pages and later runs know of the source account A."""
    match = replace(get_match(connection, "acme", "A"), updated_at=NOW)
    standing = [(one.id, one.is_last) for one in match_decisions(connection, "acme")]
    return match, links(connection), [one.external_id for one in list_accounts(connection, "acme")], standing


def test_undoing_a_rejection_takes_the_id_from_the_account_that_a_load_made_meanwhile(
    connection: sa.Connection,
) -> None:
    store(connection, outcome("A", 1, "review", (1,)))
    rejected = decide(connection, "acme", "A", "reject", who="ann")
    load_new_account(connection, "A")
    match = undo_decision(connection, "acme", rejected.id, who="ann")
    assert (match.decision, match.account_id, match.score) == ("review", 1, 0.8)
    assert links(connection) == {}


def test_a_match_does_not_come_back_to_an_account_that_another_has_taken(connection: sa.Connection) -> None:
    store(connection, outcome("A", 1, "match", (1,)), outcome("B", 1, "review", (1,)))
    rejected = decide(connection, "acme", "A", "reject", who="ann")
    decide(connection, "acme", "B", "accept", who="bob")
    with pytest.raises(Conflict, match="'Source B'"):
        undo_decision(connection, "acme", rejected.id, who="ann")
    assert get_match(connection, "acme", "B").decision == "match"


def test_an_old_rejection_that_kept_nothing_is_undone_to_a_proposal(connection: sa.Connection) -> None:
    store(connection, outcome("A", 1, "review", (1,)))
    rejected = decide(connection, "acme", "A", "reject", who="ann")
    connection.execute(sa.update(tables.match_decisions).values(replaced=None))
    match = undo_decision(connection, "acme", rejected.id, who="ann")
    assert (match.decision, [one["name"] for one in match.candidates]) == ("review", ["One"])
    assert decide(connection, "acme", "A", "accept", who="ann").account_name == "One"


def test_an_undone_decision_cuts_the_link_that_a_load_made(connection: sa.Connection) -> None:
    store(connection, outcome("A", 1, "review"))
    decision = decide(connection, "acme", "A", "accept", who="ann")
    note_loaded(connection, {1: 1}, created={})
    give_id(connection, 1)
    undo_decision(connection, "acme", decision.id, who="ann")
    assert get_account(connection, "acme", 1).external_id is None
    assert links(connection) == {}


def test_one_account_is_not_two_source_accounts(connection: sa.Connection) -> None:
    store(connection, outcome("A", 1, "match"), outcome("B", 2, "review"))
    with pytest.raises(Conflict, match="Source A"):
        decide(connection, "acme", "B", "choose", account_id=1, who="ann")


def test_wrong_decisions_name_what_is_missing(connection: sa.Connection) -> None:
    store(connection, outcome("A", None, "none"))
    with pytest.raises(InvalidInput, match="needs an account"):
        decide(connection, "acme", "A", "accept", who="ann")
    with pytest.raises(NotFound, match="no account 99"):
        decide(connection, "acme", "A", "choose", account_id=99, who="ann")
    with pytest.raises(NotFound, match="no source account 'Z'"):
        decide(connection, "acme", "Z", "choose", account_id=1, who="ann")


def test_proposals_above_a_score_are_accepted_together_and_what_clashes_is_named(
    connection: sa.Connection,
) -> None:
    weak = replace(outcome("W", 2, "review", (2,)), score=0.6)
    joint = replace(outcome("J", 2, "review", (2,)), method="same_name", score=1.0)
    store(connection, outcome("A", 1, "review", (1,)), outcome("B", 1, "review", (1,)), weak, joint)
    decided, refused = accept_proposals(connection, "acme", 0.8, who="ann")
    assert [one.source_account_id for one in decided] == ["A"]
    assert ["'Source A'" in str(error) for error in refused] == [True]
    waiting = {one.source_account_id for one in list_matches(connection, "acme", decision="review")}
    assert waiting == {"B", "W", "J"}
    undo_decision(connection, "acme", decided[0].id, who="ann")
    assert get_match(connection, "acme", "A").decision == "review"


def test_matches_are_found_by_either_name_and_the_id_at_the_source(connection: sa.Connection) -> None:
    other = replace(outcome("X-9", None, "none"), source_name="Another")
    store(connection, outcome("A", 1, "match"), outcome("B", 2, "review"), other)

    def found(search: str) -> list[str]:
        return [one.source_account_id for one in list_matches(connection, "acme", search=search)]

    assert sorted(found("source")) == ["A", "B"]
    assert (found("two"), found("X-9"), found("100%_")) == (["B"], ["X-9"], [])
    assert count_matches(connection, "acme", "two") == {"review": 1}
