"""Runs the migrations over the connection that `kpi_platform.dashboard.database` passes in."""

from alembic import context

from kpi_platform.dashboard.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
