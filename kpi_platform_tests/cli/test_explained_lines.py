"""The lines of recurring revenue, on the command line and in the drawer of a page."""

from dataclasses import asdict
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from kpi_platform.cli.explain import print_explanation
from kpi_platform.pipeline.explain import Explanation
from kpi_platform.pipeline.revenue_lines import RevenueLine
from kpi_platform.web.page import templates
from kpi_platform.web.schemas.explanations import ExplanationAnswer

AS_OF = datetime(2026, 11, 30, tzinfo=UTC)
LATE = RevenueLine(
    "006A", "new_business", datetime(2024, 11, 25, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC),
    datetime(2027, 1, 24, tzinfo=UTC), None, 200_000.0, 100_000.0, "USD", None, None,
)  # fmt: skip
FUTURE = RevenueLine(
    "006B", "renewal", datetime(2027, 1, 1, tzinfo=UTC), None, None, "006C", None, None, "JPY",
    "not started", "https://acme.example/006B",
)  # fmt: skip
EXPLAINED = Explanation(
    customer="acme", account_id="001A", account_name="Latecomer", kpi="net_revenue_retention",
    display_name="Net Revenue Retention", formula="100 · now / then", unit="percent", value=100.0,
    status="ok", numerator=1e5, denominator=1e5, sample_size=1, unreadable_count=0, window_start=AS_OF,
    window_end=AS_OF, as_of=AS_OF, counted=1, left_out={}, factors={}, rows=[],
    basis="contract_terms", lines=[LATE, FUTURE],
)  # fmt: skip


def test_the_command_line_lists_each_line_with_its_dates(capsys: pytest.CaptureFixture[str]) -> None:
    print_explanation(EXPLAINED)
    text = " ".join(capsys.readouterr().out.split())
    for shown in ("contract_terms", "006A", "2024-11-25", "2027-01-24", "100,000", "not started", "open"):
        assert shown in text


def test_the_drawer_says_what_is_in_grace_and_what_has_not_started() -> None:
    names = ExplanationAnswer.model_fields.keys() - {"is_shown"}
    own: dict[str, Any] = {name: getattr(EXPLAINED, name) for name in names}
    answer = ExplanationAnswer.model_validate({"is_shown": True, **own})
    assert [line.model_dump() for line in answer.lines] == [asdict(line) for line in (LATE, FUTURE)]
    page = templates.get_template("_explanation.html").render(
        problem=None,
        explanation=answer,
        account=SimpleNamespace(id=1),
        definition=SimpleNamespace(kpi="net_revenue_retention", display_name="Net Revenue Retention"),
    )
    assert "Measured from terms of contracts" in page
    assert "in grace" in page
    assert "not started (JPY)" in page
    assert 'href="https://acme.example/006B"' in page
