"""How numbers and times are written."""

from datetime import UTC, datetime, timedelta

import pytest

from kpi_platform.domain.kpis import KpiStatus
from kpi_platform.web import formats

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        (97.5, "percent", "97.5%"), (100.0, "percent", "100%"), (3.24, "hours", "3.2 h"),
        (1234567, "tickets", "1,234,567"), (-21, "score", "−21"), (-0.04, "score", "0"), (None, "score", "–"),
    ],
)  # fmt: skip
def test_a_value_has_its_unit(value: float | None, unit: str, written: str) -> None:
    assert formats.quantity(value, unit) == written


@pytest.mark.parametrize(
    ("distance", "written"),
    [
        (timedelta(seconds=20), "just now"), (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=30), "30 h ago"), (timedelta(days=3), "3 days ago"), (-timedelta(hours=3), "in 3 h"),
        (-timedelta(seconds=20), "within a minute"),
    ],
)  # fmt: skip
def test_a_time_is_written_as_its_distance(distance: timedelta, written: str) -> None:
    assert formats.ago(NOW - distance, NOW) == written


def test_times_are_in_utc_and_never_is_said() -> None:
    assert formats.moment("2026-03-01T13:00:00+01:00") == "1 Mar 2026, 12:00"
    assert (formats.moment(None), formats.ago(None)) == ("–", "never")


def test_names_and_formulas_are_written_as_people_write_them() -> None:
    assert formats.words("kpi_of_an_account_id") == "KPI of an account ID"
    assert (
        formats.formula_words("the account field mapped as nps_score")
        == "The account field mapped as NPS score"
    )
    assert formats.formula_words("100 · (R1 − R0) / R0") == "100 · (R1 − R0) / R0"


def test_every_status_without_a_value_has_its_reason_in_words() -> None:
    missing = {str(status) for status in KpiStatus} - {"ok"}
    assert set(formats.REASONS) == set(formats.REASON_WORDS) == missing


def test_settings_and_sums_are_read_by_people() -> None:
    shown = [formats.setting_value(one) for one in (None, True, ["a", "b"], [], 0.85, "x")]
    assert shown == ["not set", "on", "a, b", "none", "0.85", "x"]
    assert [formats.money(one) for one in (1_234_000, 950, None)] == ["1.2 M", "950", "–"]


def test_one_of_a_unit_is_written_as_one() -> None:
    assert [formats.unit_words("touches", value) for value in (None, 1, 2)] == ["touches", "touch", "touches"]
    assert [formats.unit_words("percent", value) for value in (1, 2)] == ["%", "%"]
