"""Claims within a place, which its server names, in place of one spelling of it.

No claim is lost. If two customers turn out to claim the same, the one that was added first has it, and the
other is written down beside it: `kpi-platform doctor` lists it. Customers that were removed, and sources that
were switched off, claim again what their newest settings name, unless somebody else has it by now.
"""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.types import Slug, UtcDateTime
from kpi_platform.domain.claims import claimed_by
from kpi_platform.domain.errors import InvalidSettings
from kpi_platform.domain.places import spelled_place
from kpi_platform.domain.settings import WarehouseSettings, parse_settings

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_HOLDER = sa.text("held AND kind <> 'marts'")
_ONLY_ONE = "Connections and raw schemas that a customer's current settings name; each belongs to one."


def upgrade() -> None:
    before = op.get_bind().execute(
        sa.text("SELECT kind, value, customer_id FROM settings_claims ORDER BY customer_id, kind, value")
    )
    old = [tuple(row) for row in before]
    op.drop_index(op.f("ix_settings_claims_customer_id"), table_name="settings_claims")
    op.drop_table("settings_claims")
    _make()
    _fill(old)


def downgrade() -> None:
    """Takes the claim from the later of two owners, as the older schema knows one owner alone, and drops
    places."""
    query = "SELECT kind, spelled, name, customer_id FROM settings_claims WHERE held AND kind <> 'marts'"
    rows = list(op.get_bind().execute(sa.text(f"{query} AND customer_id IS NOT NULL")))
    for name in ("holder", "customer_id", "spelled"):
        op.drop_index(op.f(f"ix_settings_claims_{name}"), table_name="settings_claims")
    op.drop_table("settings_claims")
    op.drop_table("destination_places")
    made = op.create_table(
        "settings_claims",
        sa.Column("kind", Slug, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('connection', 'schema')", name=op.f("ck_settings_claims_kind")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_settings_claims_customers")),
        sa.PrimaryKeyConstraint("kind", "value", name=op.f("pk_settings_claims")),
        comment=_ONLY_ONE,
    )
    op.create_index(op.f("ix_settings_claims_customer_id"), "settings_claims", ["customer_id"], unique=False)
    for row in rows:
        value = row.name if row.kind == "connection" else f"{_as_it_was(row.spelled)}/{row.name}"
        op.get_bind().execute(sa.insert(made).values(kind=row.kind, value=value, customer_id=row.customer_id))


def _make() -> None:
    op.create_table(
        "destination_places",
        sa.Column("spelled", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("spelled", name=op.f("pk_destination_places")),
        comment="What the server of a place said of itself, by how settings spell the place.",
    )
    op.create_table(
        "settings_claims",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", Slug, nullable=False),
        sa.Column("place", sa.Text(), nullable=False, comment="What its server says, or its spelling."),
        sa.Column("name", sa.Text(), nullable=False, comment="In lower case."),
        sa.Column("customer_id", sa.Integer(), comment="NULL: a customer that was erased."),
        sa.Column("spelled", sa.Text(), nullable=False, comment="The place as the settings spell it."),
        sa.Column("held", sa.Boolean(), nullable=False, comment="False: somebody else was there before."),
        sa.Column("in_use", sa.Boolean(), nullable=False, comment="Whether the settings name it now."),
        sa.CheckConstraint(
            "kind = 'connection' OR kind = 'schema' OR kind = 'marts'", name=op.f("ck_settings_claims_kind")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_settings_claims_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settings_claims")),
        sa.UniqueConstraint(
            "kind",
            "place",
            "name",
            "customer_id",
            name=op.f("uq_settings_claims_kind_place_name_customer_id"),
        ),
        comment="Connections and raw schemas, with one holder each, and marts' schemas of customers.",
    )
    op.create_index(op.f("ix_settings_claims_customer_id"), "settings_claims", ["customer_id"])
    op.create_index(op.f("ix_settings_claims_spelled"), "settings_claims", ["spelled"])
    op.create_index(
        "ix_settings_claims_holder", "settings_claims", ["kind", "place", "name"],
        unique=True, sqlite_where=_HOLDER, postgresql_where=_HOLDER,
    )  # fmt: skip


def _fill(old: list[tuple[str, str, int]]) -> None:
    held: set[tuple[str, str, str]] = set()
    written: set[tuple[str, str, str, int]] = set()
    rows: list[dict[str, Any]] = []

    def write(kind: str, place: str, name: str, customer: int, spelled: str, in_use: bool) -> None:
        key = (kind, place, name)
        if (*key, customer) not in written:
            is_held = kind == "marts" or key not in held
            rows.append(
                {"kind": kind, "place": place, "name": name, "customer_id": customer, "spelled": spelled,
                 "held": is_held, "in_use": in_use}
            )  # fmt: skip
            written.add((*key, customer))
            held.add(key)

    for kind, value, customer in old:
        place, name = ("", value.lower()) if kind == "connection" else _place_and_schema(value)
        write(kind, place, name, customer, place, True)
    for customer, place, wanted in _documents():
        for one in sorted(wanted):
            if one.kind == "marts" or (one.kind, one.place, one.name) not in held:
                write(one.kind, one.place, one.name, customer, place, False)
    if rows:
        names = sorted(rows[0])
        columns = ", ".join(names)
        values = ", ".join(f":{name}" for name in names)
        op.get_bind().execute(
            sa.text(f"INSERT INTO settings_claims ({columns}) VALUES ({values})"),  # noqa: S608
            rows,
        )


def _as_it_was(spelled: str) -> str:
    """type/host/port/database/project."""
    kind, _, rest = spelled.partition(":")
    server, _, database = rest.partition("/")
    match kind:
        case "server":
            host, _, port = server.rpartition(":")
            return f"postgres/{host}/{port}/{database}/"
        case "bigquery":
            return f"bigquery////{server}"
        case _:
            return f"{kind}/{server}//{database}/"


def _place_and_schema(value: str) -> tuple[str, str]:
    """Of a value as it was: type/host/port/database/project/schema."""
    kind, rest = value.split("/", 1)
    host, port, database, project, schema = rest.rsplit("/", 4)
    warehouse = WarehouseSettings.model_construct(
        type=kind, host=host, port=int(port) if port else None, database=database, project=project
    )
    return spelled_place(warehouse), schema


def _documents() -> Iterator[tuple[int, str, Any]]:
    """Of every customer, those that are active first: its place, and what its newest settings name."""
    found = op.get_bind().execute(
        sa.text(
            "SELECT v.customer_id, v.document FROM customer_settings_versions v"
            " JOIN customers c ON c.id = v.customer_id"
            " WHERE v.version = (SELECT max(w.version) FROM customer_settings_versions w"
            " WHERE w.customer_id = v.customer_id) ORDER BY c.removed_at IS NOT NULL, v.customer_id"
        )
    )
    environment = Configuration.from_environment().environment
    for customer, stored in found.all():
        document = json.loads(stored) if isinstance(stored, str) else stored
        try:
            settings = parse_settings(document, environment=environment, single_customer=False)
        except InvalidSettings:
            # What is no settings any more names nothing that could be read.
            continue
        yield customer, *claimed_by(settings.document())
