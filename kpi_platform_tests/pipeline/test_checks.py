"""A failed data test names the customers whose rows are wrong."""

from kpi_platform.pipeline.checks import Check


def test_a_failed_check_shows_a_customer_no_row_of_another() -> None:
    check = Check(
        node="house_rule",
        model="kpi_values",
        column="value",
        status="fail",
        severity="error",
        failures=7,
        customers=("acme", "bolt"),
        example={"customer_id": "acme", "account_id": "001", "value": -99.0},
        message="Got 7 results",
    )
    assert "account_id=001, value=-99.0" in str(check.as_error("acme"))
    told = f"{check.as_error('bolt')} {check.as_error('bolt').details}"
    assert "house_rule of kpi_values.value" in told
    assert not [word for word in ("acme", "001", "-99", "7") if word in told]
