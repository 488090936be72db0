"""What data tests ask and find, in words."""

import pytest

from kpi_platform.domain.data_tests import DataTest, FailingRows, data_test, finding_words

READABLE = DataTest("unreadable_values", "stg_salesforce__account", (), "Every value can be read.")
STATUS = DataTest("a_test", "kpi_values", ("status",), "The status is known.")


@pytest.mark.parametrize(
    ("generic", "arguments", "columns", "rule"),
    [
        ("not_null", {"column_name": "kpi"}, ("kpi",), "Every row has a value in kpi."),
        ("unique", {"column_name": "id"}, ("id",), "No two rows have the same id."),
        (
            "accepted_values",
            {"column_name": "status", "values": ["ok", "stale"]},
            ("status",),
            "status is one of ok, stale.",
        ),
        (
            "relationships",
            {"column_name": "account_id", "to": "ref('kpi_accounts')", "field": "id"},
            ("account_id",),
            "Every account_id is in kpi_accounts.id.",
        ),
        (
            "unique_grain",
            {"columns": ["customer_id", "account_key"]},
            ("customer_id", "account_key"),
            "No two rows are equal in customer_id, account_key.",
        ),
    ],
)
def test_generic_tests_are_put_into_words_by_their_arguments(
    generic: str, arguments: dict[str, object], columns: tuple[str, ...], rule: str
) -> None:
    found = data_test("one", "kpi_values", generic=generic, arguments=arguments)
    assert found == DataTest("one", "kpi_values", columns, rule)


def test_a_description_of_its_own_is_the_rule_of_a_test() -> None:
    found = data_test(
        "one", "stg", description=" All is\n well ", meta={"table": "kpi_daily", "columns": ["kpi"]}
    )
    assert found == DataTest("one", "kpi_daily", ("kpi",), "All is well.")


def test_a_finding_names_customer_table_column_count_example_and_rule() -> None:
    rows = [{"account_id": "001", "kpi": "nps", "status": "odd", "broken_rule": None, "value": None}]
    assert finding_words("acme", STATUS, [FailingRows("kpi_values", None, 3, rows)]) == (
        "Customer acme: 3 rows of kpi_values.status break a rule, for example account_id 001, kpi nps, "
        "status odd. The rule: The status is known."
    )


def test_rows_that_name_their_own_place_and_value_are_told_by_place() -> None:
    failing = [
        FailingRows("salesforce.opportunity", "amount", 1, [{"example_value": "$1,200.00"}]),
        FailingRows("salesforce.opportunity", "close_date", 12345, [{"example_value": "31/01/2026"}]),
    ]
    assert finding_words("acme", READABLE, failing) == (
        "Customer acme: 1 row of salesforce.opportunity.amount breaks a rule, for example '$1,200.00'; "
        "12,345 rows of salesforce.opportunity.close_date, for example '31/01/2026'. "
        "The rule: Every value can be read."
    )


def test_of_many_places_a_few_are_named_and_the_others_counted() -> None:
    failing = [FailingRows("salesforce.case", f"c{place}", 1, []) for place in range(7)]
    text = finding_words("acme", READABLE, failing)
    assert "salesforce.case.c4; and rows of 2 more columns. The rule" in text
    assert "c5" not in text


def test_what_is_wrong_with_the_example_is_told() -> None:
    rows = [{"account_id": "001", "column_name": "coverage", "broken_rule": "coverage 2.0 is above 1"}]
    text = finding_words("acme", STATUS, [FailingRows("kpi_values", "coverage", 1, rows)])
    found = "1 row of kpi_values.coverage breaks a rule"
    assert f"{found}, for example account_id 001 (coverage 2.0 is above 1)." in text


def test_long_and_broken_texts_stay_on_one_line() -> None:
    rows = [{"example_value": "a\n\tb" + "x" * 500}]
    text = finding_words("acme", READABLE, [FailingRows("salesforce.case", "c", 1, rows)])
    assert "'a bxxx" in text and len(text) < 300 and "\n" not in text


def test_a_test_that_could_not_run_and_rows_of_nobody_are_told_as_such() -> None:
    assert finding_words("acme", STATUS, could_run=False) == (
        "Customer acme: the check of kpi_values.status could not run. The rule: The status is known."
    )
    assert "they do not say whose they are" in finding_words("acme", STATUS)


RANGE = DataTest("values_out_of_range", "kpi_values", ("value",), "It is not shown.")


@pytest.mark.parametrize(
    ("kpi", "limits", "count", "words"),
    [
        ("adoption_index", (0, 100), 1, "Adoption Index of 1 account is 104, outside 0 to 100: Bay Energy"),
        ("adoption_index", (0, 100), 1200,
         "Adoption Index of 1,200 accounts is outside 0 to 100, for example 104 of Bay Energy"),
        ("revenue_growth", (-100, None), 1, "Revenue Growth of 1 account is 104, below -100: Bay Energy"),
        ("own_kpi", (None, 7.5), 2, "own_kpi of 2 accounts is above 7.5, for example 104 of Bay Energy"),
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_told_by_kpi_value_limits_and_account(
    kpi: str, limits: tuple[float | None, float | None], count: int, words: str
) -> None:
    row = {"account_id": "001", "account_name": "Bay  Energy", "value": 104.0}
    row |= dict(zip(("minimum", "maximum"), limits, strict=True))
    failing = [FailingRows("kpi_values", kpi, count, [row])]
    assert finding_words("acme", RANGE, failing) == f"Customer acme: {words}. The rule: It is not shown."


def test_values_out_of_range_of_several_kpis_are_one_sentence() -> None:
    failing = [FailingRows("kpi_values", kpi, 3, []) for kpi in ("csat", "nps")]
    text = finding_words("acme", RANGE, failing)
    assert "CSAT of 3 accounts is outside its range; NPS of 3 accounts is outside its range." in text
