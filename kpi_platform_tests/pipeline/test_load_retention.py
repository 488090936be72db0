"""Revenue retention comes with the uploads that bring it, and goes with those that are taken back."""

from dataclasses import replace
from datetime import datetime

from kpi_platform.dashboard.retention import shown_retention
from kpi_platform.dashboard.rollback import rollback
from kpi_platform.domain.retention import SegmentRetention
from kpi_platform_tests.pipeline.desk import T1, T2, T3, Desk, acme
from kpi_platform_tests.pipeline.loading import load_dashboard
from kpi_platform_tests.pipeline.marts import write_retention

ALL = SegmentRetention("all", "all", "USD", 3, 300.0, 40.0, 20.0, 100.0, 220.0, 73.333333, 60.0)
STEEL = SegmentRetention("industry", "Steel", "USD", 2, 200.0, 40.0, 20.0, 0.0, 220.0, 110.0, 90.0)
NOWHERE = SegmentRetention("region", None, None, 1, 100.0, 0.0, 0.0, 100.0, 0.0, 0.0, 0.0)


def load(desk: Desk, as_of: datetime, *segments: SegmentRetention, **options: object) -> int | None:
    write_retention(desk.configuration, desk.customer, as_of, segments)
    return desk.load(as_of, [acme()], **options).version


def shown(desk: Desk) -> tuple[datetime, set[SegmentRetention]]:
    with desk.engine.connect() as connection:
        found = shown_retention(connection, desk.customer)
    assert found is not None
    return found.as_of, set(found.segments)


def test_the_newest_upload_says_how_much_revenue_was_kept(desk: Desk) -> None:
    assert load(desk, T1, ALL, STEEL, NOWHERE) == 1
    assert shown(desk) == (T1, {ALL, STEEL, NOWHERE})
    assert load(desk, T2, replace(ALL, churned=0.0)) == 2
    assert shown(desk) == (T2, {replace(ALL, churned=0.0)})


def test_the_same_retention_later_is_confirmed_and_nothing_is_kept_of_a_customer_without(desk: Desk) -> None:
    load(desk, T1, ALL)
    load(desk, T2, ALL)
    assert shown(desk) == (T2, {ALL})
    load(desk, T3)
    assert shown(desk) == (T3, set())


def test_an_upload_is_made_of_a_retention_that_alone_has_changed_and_of_none_twice(desk: Desk) -> None:
    load(desk, T1, ALL)
    assert load(desk, T1, ALL, STEEL) == 2
    assert load(desk, T1, ALL, STEEL) == 2
    assert shown(desk) == (T1, {ALL, STEEL})


def test_what_is_taken_back_is_shown_no_more_and_an_older_load_neither(desk: Desk) -> None:
    load(desk, T1, ALL)
    load(desk, T3, STEEL)
    load(desk, T2, NOWHERE)
    assert shown(desk) == (T3, {STEEL})
    with desk.engine.begin() as connection:
        rollback(connection, desk.customer, 2, who="ann")
    assert shown(desk) == (T1, {ALL})


def test_marts_of_before_an_upgrade_have_no_retention_and_are_loaded(desk: Desk) -> None:
    desk.marts(T1, [acme()])
    assert load_dashboard(desk.configuration, desk.engine, desk.customer, T1).version == 1
    assert shown(desk) == (T1, set())


def test_a_dry_run_stores_no_retention(desk: Desk) -> None:
    load(desk, T1, ALL)
    load(desk, T2, STEEL, dry_run=True)
    assert shown(desk) == (T1, {ALL})
