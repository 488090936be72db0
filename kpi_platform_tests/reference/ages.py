"""How old the inputs of the score that are fields of the CRM are."""

from kpi_platform_tests.reference.salesforce import Salesforce
from kpi_platform_tests.reference.tables import Row
from kpi_platform_tests.reference.values import DAY, instant


def too_old(salesforce: Salesforce, row: Row | None, name: str) -> bool:
    """ "Too old: as_of − date > N days (a date is midnight UTC; exactly N days is not too old). Date NULL, or
    the column not there: age unknown, used. Date at or after as_of: used." """
    days, column = salesforce.rules.max_age_days(name), salesforce.rules.date_field(name)
    date = None if row is None or column is None else instant(row[column])
    return days is not None and date is not None and salesforce.as_of - date > days * DAY
