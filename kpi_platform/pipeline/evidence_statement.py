"""The statement for the source rows of a KPI, which dbt compiles once for all accounts of a customer."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import uuid4

from kpi_platform.adapters.dbt import DbtProject
from kpi_platform.domain.kpis import KPIS

_EVIDENCE = """
select *
from (
    select
        source_table, source_id, event_time, numerator, denominator, counted, left_out_reason,
        count(*) over (partition by counted, left_out_reason) as of_reason,
        row_number() over (partition by counted, left_out_reason order by source_id) as place_in_reason,
        row_number() over (order by counted desc, event_time desc, source_id) as place
    from {{ ref('int_kpi_evidence') }}
    where
        customer_id = {{ text_literal(var('explained').customer) }}
        and account_id = {{ text_literal(var('explained').account) }}
        and kpi = {{ text_literal(var('explained').kpi) }}
) as evidence
where place <= {{ var('explained').rows }} or place_in_reason = 1
order by place
"""
"""The first rows, and of each reason at least one, which says how many there are of it: compiling a second
statement would cost more than running both."""

_SOME_ACCOUNT = uuid4().hex
"""Stands for the account in what is compiled; nobody can have typed it."""

_PLAIN_ID = re.compile(r"[A-Za-z0-9]{1,64}")
"""Ids as the sources make them, which every dialect quotes alike."""


@dataclass(frozen=True, slots=True)
class _Question:
    """What is compiled once. `stated` is the text of all that the statement depends on."""

    stated: str
    project: DbtProject = field(compare=False)
    variables: Mapping[str, Any] = field(compare=False)


def evidence_statement(
    project: DbtProject, customer: str, variables: Mapping[str, Any], account: str, kpi: str, rows: int
) -> str:
    """Returns the statement for the first `rows` source rows of the account's KPI, with the number of rows of
    each reason; `variables` are those of the batch."""
    is_plain = _PLAIN_ID.fullmatch(account) is not None
    explained = {
        "customer": customer, "account": _SOME_ACCOUNT if is_plain else account, "kpi": kpi, "rows": rows,
        "models": _models(kpi),
    }  # fmt: skip
    asked = {**variables, "explained": explained}
    stated = json.dumps([project.destination.name, str(project.directory), asked], default=str)
    statement = _compiled(_Question(stated, project, asked))
    return statement.replace(f"'{_SOME_ACCOUNT}'", f"'{account}'") if is_plain else statement


def _models(kpi: str) -> list[str]:
    """The dbt models with the KPI's rows: the others are not compiled."""
    if kpi not in KPIS:
        return ["int_custom_event"]
    return [model for model in (*KPIS[kpi].models, KPIS[kpi].summed) if model]


# Of up to 100 kB each.
@lru_cache(maxsize=64)
def _compiled(question: _Question) -> str:
    return question.project.compile(_EVIDENCE, question.variables)
