"""The Salesforce of a sample customer as a source."""

from collections.abc import Mapping

import pyarrow as pa

from kpi_platform.local.samples.activities import ACTIVITIES
from kpi_platform.local.samples.contracts import CONTRACTS
from kpi_platform.local.samples.crm import PEOPLE_AND_COMPANIES, Crm, CrmTable
from kpi_platform.local.samples.deals import DEALS
from kpi_platform.local.samples.profiles import Profile
from kpi_platform.local.samples.source import SourceChanges, Window

_TABLES: Mapping[str, CrmTable] = {
    **PEOPLE_AND_COMPANIES,
    **DEALS,
    **CONTRACTS,
    **ACTIVITIES,
}


class SalesforceSample:
    """Rows that are deleted stay, with `IsDeleted`: Salesforce keeps them in its recycle bin."""

    def __init__(self, profile: Profile, day: int) -> None:
        self._crm = Crm(profile, day)

    @property
    def tables(self) -> Mapping[str, str]:
        return {table: "Id" for table in _TABLES if table not in self._crm.profile.missing}

    def changes(self, table: str, window: Window) -> SourceChanges:
        rows: pa.Table = _TABLES[table](self._crm, window)
        return SourceChanges(rows)
