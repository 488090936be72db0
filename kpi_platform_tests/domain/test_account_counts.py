"""Which accounts count, in numbers and in words."""

import json

from kpi_platform.domain.account_counts import AccountCounts


def test_accounts_that_do_not_count_are_said_by_reason_and_type() -> None:
    counts = AccountCounts.of(
        [
            ("type", "Kunde", 1), ("type", "Client", 2), ("type", None, 1), ("type", "  ", 1),
            ("deleted", None, 1200), ("merged", None, 3), (None, "Customer", 7), ("no id", None, 1),
        ]
    )  # fmt: skip
    assert counts.sentence() == (
        "1,209 accounts do not count: type 'Client' 2, 'Kunde' 1, empty 2; merged 3; deleted 1,200; no id 1"
    )
    assert (counts.counting, counts.left_out) == (7, 1209)
    assert list(counts.types.items()) == [("Customer", 7), ("Client", 2), ("Kunde", 1), (None, 2)]
    assert AccountCounts.parse(json.loads(json.dumps(counts.document()))) == counts


def test_one_account_does_not_count_and_none_needs_no_words() -> None:
    assert AccountCounts.of([("type", "Client", 1)]).sentence() == "1 account does not count: type 'Client' 1"
    assert AccountCounts.of([(None, "Customer", 1)]).sentence() == ""


def test_types_are_one_line_however_long_or_many_they_are() -> None:
    many = AccountCounts.of([("type", f"Type {number:02}", 1) for number in range(12)])
    assert many.sentence().endswith("'Type 09' 1, 2 other types 2")
    assert f"'{'x' * 60}…' 1" in AccountCounts.of([("type", "x" * 200, 1)]).sentence()
    assert "'a b' 1" in AccountCounts.of([("type", "a\n b", 1)]).sentence()


def test_nobody_left_says_why() -> None:
    counts = AccountCounts.of([("type", "Kunde", 2)])
    assert counts.nobody_left() == "No account counts. 2 accounts do not count: type 'Kunde' 2."
    assert AccountCounts().nobody_left() == "No account counts. The account table of Salesforce is empty."
    # An empty table is not one of which every account counts.
    assert AccountCounts().in_words() == AccountCounts().nobody_left()
    assert AccountCounts.of([(None, "Customer", 1)]).in_words() == "Every account of Salesforce counts."
