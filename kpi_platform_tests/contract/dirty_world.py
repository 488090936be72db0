"""Adversarial raw data in canonical columns, deterministic by seed. `style.py` lands it in the layouts and
namings of the sources.
"""

import random
from dataclasses import dataclass, field
from datetime import datetime

from kpi_platform_tests.contract import dirty_rows, people
from kpi_platform_tests.contract.dirty_choices import choices
from kpi_platform_tests.contract.dirty_rows import AS_OFS, MICROSECOND, Maker, Row

Tables = dict[str, list[Row]]


@dataclass
class DirtyWorld:
    """Canonical rows: `salesforce` and `servicenow` tables by name. Incidents hold all columns of both class
    tables."""

    salesforce: Tables = field(default_factory=dict)
    servicenow: Tables = field(default_factory=dict)


def make_world(seed: str, *, history: bool = False, accounts: int = 40, incidents: int = 500) -> DirtyWorld:
    """One customer's sources; the same seed gives the same rows. With `history`, rows of one key may be
    synced at the same instant and differ in `_fivetran_start`."""
    rng = random.Random(seed)
    keys = [people.salesforce_id(rng, "001") for _ in range(accounts)]
    keys += [
        people.other_case(keys[0]),
        people.other_case(keys[1]),
        "CUST-7",
        "short1",
        "SIXTEENLETTERSID",
        "SIXTEENLETTERSI",
    ]
    strangers = [people.salesforce_id(rng, "001") for _ in range(4)] + [people.other_case(keys[2]), "EXT-1"]
    make = Maker(rng, keys, strangers, history)
    world = DirtyWorld()
    users = [people.salesforce_id(rng, "005") for _ in range(6)]
    contacts = [people.salesforce_id(rng, "003") for _ in range(3 * accounts)]
    world.salesforce["account"] = _again(make, "id", [dirty_rows.account(make, key, users) for key in keys])
    world.salesforce["user"] = _again(make, "id", [dirty_rows.user(make, key) for key in users])
    world.salesforce["contact"] = _again(make, "id", [dirty_rows.contact(make, key) for key in contacts])
    world.salesforce["opportunity"] = _again(
        make, "id", [dirty_rows.opportunity(make) for _ in range(12 * accounts)]
    )
    world.salesforce["case"] = _again(make, "id", [dirty_rows.case(make) for _ in range(8 * accounts)])
    world.salesforce["task"] = _again(
        make, "id", [dirty_rows.task(make, contacts) for _ in range(10 * accounts)]
    )
    world.salesforce["event"] = _again(
        make, "id", [dirty_rows.event(make, contacts) for _ in range(4 * accounts)]
    )
    for kind in ("task", "event"):
        touches = world.salesforce[kind]
        rows = [dirty_rows.relation(make, kind, touches, contacts) for _ in range(6 * accounts)]
        world.salesforce[f"{kind}_relation"] = _again(make, "id", rows)
    world.salesforce["currency_type"] = _again(
        make, "id", [dirty_rows.currency(make, *one) for one in dirty_rows.CURRENCIES]
    )
    world.salesforce["dated_conversion_rate"] = _again(
        make, "id", [dirty_rows.dated_rate(make) for _ in range(30)]
    )
    companies = [f"company{number:02d}" for number in range(20)]
    servicenow = world.servicenow
    servicenow["core_company"] = _again(make, "sys_id", [dirty_rows.company(make, key) for key in companies])
    tickets = [f"incident{number:04d}" for number in range(incidents)]
    servicenow["incident"] = _again(
        make, "sys_id", [dirty_rows.incident(make, key, companies) for key in tickets]
    )
    definitions = [f"contract{number}" for number in range(9)]
    servicenow["contract_sla"] = _again(
        make, "sys_id", [dirty_rows.contract(make, key) for key in definitions]
    )
    servicenow["sys_choice"] = _again(make, "sys_id", choices(make))
    servicenow["task_sla"] = _again(
        make,
        "sys_id",
        [dirty_rows.task_sla(make, number, tickets, definitions) for number in range(3 * incidents)],
    )
    return world


def _again(make: Maker, primary_key: str, rows: list[Row]) -> list[Row]:
    """Some rows a second and third time, with other contents and in the other form of their id."""
    repeated = list(rows)
    for row in rows:
        while make.rng.random() < 0.15:
            twin = {**make.rng.choice(rows), **make.lifecycle()}
            twin[primary_key] = row[primary_key]
            if primary_key == "id":
                twin["id"] = people.form(
                    make.rng, str(row["id"])[: 15 if len(str(row["id"])) == 18 else None]
                )
            if make.rng.random() < 0.2 and row["_fivetran_synced"] is not None:
                twin["_fivetran_synced"] = row["_fivetran_synced"]
            repeated.append(twin)
    for row in make.rng.sample(rows, len(rows) // 25):
        repeated.append({**row, primary_key: None})
    make.rng.shuffle(repeated)
    return distinct_versions(repeated, primary_key, history=make.history)


def distinct_versions(rows: list[Row], primary_key: str, *, history: bool) -> list[Row]:
    """Rows of which no two leave open which one is the latest: one id twice at the same instant."""
    taken: set[tuple[object, ...]] = set()

    def version(row: Row) -> tuple[object, ...]:
        start = row["_fivetran_start"] if history else None
        return row[primary_key], row["_fivetran_synced"], start

    for row in rows:
        while version(row) in taken:
            synced = row["_fivetran_synced"]
            assert synced is None or isinstance(synced, datetime)
            row["_fivetran_synced"] = (synced or AS_OFS[0]) + MICROSECOND
        taken.add(version(row))
    return rows
