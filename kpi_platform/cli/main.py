"""`kpi-platform`: the command line. Each group of commands has a file of its own beside this one."""

import typer

app = typer.Typer(
    name="kpi-platform",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Twelve customer-success KPIs from Salesforce and ServiceNow, for every account of every customer.",
)
