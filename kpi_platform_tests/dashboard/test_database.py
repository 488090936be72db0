import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from kpi_platform.dashboard import database, precedence, tables
from kpi_platform.dashboard.accounts import add_account
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.domain.errors import MissingConfiguration, SchemaOutOfDate, Unavailable


def test_the_migrations_make_exactly_the_tables_of_the_program(any_dashboard_engine: sa.Engine) -> None:
    with any_dashboard_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_a_migration_down_leaves_nothing_and_up_again_works(any_dashboard_engine: sa.Engine) -> None:
    database.downgrade(any_dashboard_engine, "base")
    assert set(sa.inspect(any_dashboard_engine).get_table_names()) == {"alembic_version"}
    with pytest.raises(SchemaOutOfDate, match="kpi-platform db upgrade"):
        database.require_current_schema(any_dashboard_engine)
    database.upgrade(any_dashboard_engine)
    database.require_current_schema(any_dashboard_engine)


def test_an_empty_database_is_created_and_an_unknown_one_left_alone() -> None:
    engine = database.open_engine("sqlite://")
    database.create_or_require(engine)
    database.require_current_schema(engine)
    other = database.open_engine("sqlite://")
    with other.begin() as connection:
        connection.execute(sa.text("CREATE TABLE theirs (id INTEGER)"))
    with pytest.raises(SchemaOutOfDate):
        database.create_or_require(other)


def test_foreign_keys_are_enforced(any_dashboard_engine: sa.Engine) -> None:
    with pytest.raises(sa.exc.IntegrityError), any_dashboard_engine.begin() as connection:
        claim = {"kind": "schema", "place": "duckdb", "name": "x", "spelled": "duckdb", "customer_id": 99}
        connection.execute(sa.insert(tables.settings_claims).values(**claim, held=True, in_use=True))


@pytest.mark.parametrize("url", ["mysql://h/d", "nonsense"])
def test_a_url_of_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(MissingConfiguration, match="DASHBOARD_DATABASE_URL"):
        database.open_engine(url)


def test_a_database_that_is_not_there_is_named_and_the_log_says_where_without_its_password(
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine = database.open_engine("postgresql://someone:hidden@127.0.0.1:9/none")
    with pytest.raises(Unavailable, match="postgresql none cannot be reached") as caught:
        database.require_current_schema(engine)
    assert "someone:***@127.0.0.1:9/none" in caplog.text
    assert "someone" not in str(caught.value)
    assert "hidden" not in str(caught.value) + caplog.text


def test_a_reader_does_not_wait_for_a_writer(sqlite_engine: sa.Engine) -> None:
    with sqlite_engine.begin() as writer, database.reading(sqlite_engine) as reader:
        writer.execute(sa.insert(tables.customers).values(key="a", name="A", created_at=sa.func.now()))
        assert reader.execute(sa.select(sa.func.count()).select_from(tables.customers)).scalar() == 0


def test_what_postgresql_has_prepared_stays_prepared_for_the_next_reader(postgres_engine: sa.Engine) -> None:
    # The driver forgets everything with a ROLLBACK.
    for _ in range(10):
        with database.reading(postgres_engine) as reader:
            reader.execute(sa.select(tables.customers.c.key)).all()
    with database.reading(postgres_engine) as reader:
        prepared = reader.execute(sa.text("SELECT statement FROM pg_prepared_statements")).scalars().all()
    assert any("customers.key" in statement for statement in prepared)


def test_checks_are_replaced_around_the_rows_that_are_there(any_dashboard_engine: sa.Engine) -> None:
    database.upgrade(any_dashboard_engine)
    with any_dashboard_engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
        account = add_account(connection, "acme", name="One").id
    database.downgrade(any_dashboard_engine, "0005")
    with any_dashboard_engine.begin() as connection:
        add_value = sa.insert(tables.kpis).values(
            customer_id=1, account_id=account, value=1.0, as_of=datetime.now(UTC), upload_version=1
        )
        connection.execute(add_value.values(kpi="nps_score", status="ok"))
        later = ("unreadable_count", "left_out_count", "left_out_reason")
        shown = sa.select(*(column for column in tables.kpis.c if column.name not in later))
        before = connection.execute(shown).all()
    database.upgrade(any_dashboard_engine)
    with any_dashboard_engine.connect() as connection:
        assert connection.execute(shown).all() == before
        assert connection.scalar(sa.select(tables.kpis.c.unreadable_count)) == 0
        for refused in ("excellent", "no_data"):
            with pytest.raises(sa.exc.IntegrityError), connection.begin_nested():
                connection.execute(add_value.values(kpi="csat_score", status=refused))


def test_a_value_that_could_not_be_read_has_no_data_in_an_older_schema(
    any_dashboard_engine: sa.Engine,
) -> None:
    database.upgrade(any_dashboard_engine)
    with any_dashboard_engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
        account = add_account(connection, "acme", name="One").id
        row = {"customer_id": 1, "account_id": account, "kpi": "csat", "as_of": datetime.now(UTC)}
        unreadable = {"status": "unreadable", "unreadable_count": 7, "upload_version": 1}
        connection.execute(sa.insert(tables.kpis).values(row | unreadable))
    database.downgrade(any_dashboard_engine, "0011")
    with any_dashboard_engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT status FROM kpis")) == "no_data"


def test_a_further_source_needs_no_change_of_the_database(any_dashboard_engine: sa.Engine) -> None:
    add = sa.insert(tables.source_states).values(customer_id=1, detail={}, updated_at=datetime.now(UTC))
    database.downgrade(any_dashboard_engine, "0015")
    with any_dashboard_engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
        connection.execute(add.values(source="salesforce"))
        with pytest.raises(sa.exc.IntegrityError), connection.begin_nested():
            connection.execute(add.values(source="zendesk"))
    database.upgrade(any_dashboard_engine)
    with any_dashboard_engine.begin() as connection:
        connection.execute(add.values(source="zendesk"))
        assert set(connection.execute(sa.select(tables.source_states.c.source)).scalars()) == {
            "salesforce",
            "zendesk",
        }
        connection.execute(sa.delete(tables.source_states))
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
            checks = "SELECT name FROM sqlite_master WHERE sql LIKE '%salesforce%'"
            assert connection.exec_driver_sql(checks).scalars().all() == []


def test_who_saves_something_waits_for_one_load_at_most(sqlite_engine: sa.Engine) -> None:
    began: list[float] = []
    under_way, saved = threading.Event(), threading.Event()

    def load() -> None:
        while not saved.is_set():
            with database.writing_last(sqlite_engine):
                began.append(time.perf_counter())
                under_way.set()
                time.sleep(0.02)

    with ThreadPoolExecutor(2) as threads:
        loads = [threads.submit(load) for _ in range(2)]
        try:
            for _ in range(5):
                under_way.clear()
                assert under_way.wait(5)
                asked = time.perf_counter()
                with sqlite_engine.begin():
                    got = time.perf_counter()
                # Another load may have looked just before somebody waited.
                assert len([one for one in began if asked < one < got]) <= 1
        finally:
            saved.set()
        for one in loads:
            one.result()


def test_a_load_begins_though_others_go_on_writing(tmp_path: Path) -> None:
    file = tmp_path / "dashboard.db"
    with precedence.waiting(file):
        precedence.let_others_first(file, longest_seconds=0.02)
    precedence.let_others_first(tmp_path / "gone" / "dashboard.db")
