"""`python -m kpi_platform` is `kpi-platform`."""

from kpi_platform.cli.main import app

app(prog_name="kpi-platform")
