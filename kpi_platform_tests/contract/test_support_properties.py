"""What holds of the support rules for all data: asked of the reference, which the marts agree with."""

from hypothesis import given
from hypothesis import strategies as st

from kpi_platform_tests.reference.sla import TaskSla, ticket_decision

DAYS = st.integers(0, 90)


@st.composite
def slas(draw: st.DrawFn) -> TaskSla:
    """An SLA that runs, is paused or completed; `landed_end` is what lands in the end. (One that ended
    otherwise is running until then, and not looked at afterwards.)"""
    completed = draw(st.booleans())
    end = draw(st.none() | DAYS) if completed else None
    return TaskSla(
        unreadable=frozenset(),
        completed=completed,
        has_breached=draw(st.booleans()),
        planned_end=draw(st.none() | DAYS),
        landed_end=end,
        ended=None,
        started=None,
        sys_id="",
        business_duration=None,
    )


def seen_at(sla: TaskSla, as_of: int) -> TaskSla:
    end = sla.landed_end
    return TaskSla(
        frozenset(), sla.completed, sla.has_breached, sla.planned_end, end,
        end if end is not None and end < as_of else None,
        None, "", None,
    )  # fmt: skip


@given(st.lists(slas(), max_size=5), st.lists(DAYS, min_size=1, max_size=4, unique=True))
def test_a_ticket_breaches_or_is_met_in_one_window_of_those_that_follow_each_other(
    mine: list[TaskSla], ends: list[int]
) -> None:
    start, decided = -1, 0
    for as_of in sorted(ends):
        outcome = ticket_decision([seen_at(sla, as_of) for sla in mine], as_of)
        decided += outcome is not None and start <= outcome[1] < as_of
        start = as_of
    assert decided <= 1


@given(st.permutations(range(4)), st.lists(slas(), min_size=4, max_size=4), DAYS)
def test_the_order_of_slas_decides_nothing(order: list[int], mine: list[TaskSla], as_of: int) -> None:
    seen = [seen_at(sla, as_of) for sla in mine]
    assert ticket_decision(seen, as_of) == ticket_decision([seen[place] for place in order], as_of)
