"""The catalogue of what a load brings of an account besides its name. Every other list of these columns
derives from this one (docs/extending.md)."""

from dataclasses import dataclass
from typing import Literal

Type = Literal["string", "float", "date"]


@dataclass(frozen=True, slots=True)
class AccountColumn:
    """A column of the marts and of the dashboard's accounts, under the same `name`.

    It is read from the landed column `landed` of `table`: the account itself, or the user who owns it.
    Without `landed` it is computed: by int_salesforce_account, or of the table `revenue` by
    int_account_revenue. A date is a text such as 2027-03-14 in the dashboard. `fact` is how the head of an
    account's page says it (`CSM {}`), `label` is its head in the export of accounts; empty: it is not there.
    """

    name: str
    type: Type
    description: str
    landed: str | None
    table: Literal["account", "user", "revenue"] = "account"
    fact: str = ""
    label: str = ""

    @property
    def is_measured(self) -> bool:
        """Whether it is computed of a day, as values of KPIs are: a load without it empties it."""
        return self.table == "revenue"


ACCOUNT_COLUMNS = (
    AccountColumn("website", "string", "Website in Salesforce.", "website"),
    AccountColumn("industry", "string", "Industry in Salesforce.", "industry", fact="{}", label="Industry"),
    AccountColumn(
        "region",
        "string",
        "Country of the billing address in Salesforce.",
        "billing_country",
        fact="{}",
        label="Region",
    ),
    AccountColumn(
        "csm_name",
        "string",
        "Name of the owner; an owner who was deleted is none.",
        "name",
        table="user",
        fact="CSM {}",
        label="Success manager",
    ),
    AccountColumn(
        "csm_email",
        "string",
        "E-mail address of the owner.",
        "email",
        table="user",
        label="Success manager's e-mail",
    ),
    AccountColumn(
        "revenue",
        "float",
        "Annual revenue in Salesforce, in the currency that the settings name; NULL without a rate.",
        None,
        fact="annual revenue {}",
        label="Revenue",
    ),
    AccountColumn(
        "arr",
        "float",
        "Annual recurring revenue: the lines that are active, those in grace too. NULL under bookings, and "
        "without a rate or an amount.",
        None,
        table="revenue",
        label="ARR",
    ),
    AccountColumn(
        "arr_in_grace",
        "float",
        "How much of arr is past its end and may still be renewed.",
        None,
        table="revenue",
        label="ARR in grace",
    ),
    AccountColumn(
        "next_renewal_date",
        "date",
        "First end (exclusive) of the active lines; under bookings the first close date of an open renewal.",
        None,
        table="revenue",
        label="Next renewal",
    ),
    AccountColumn(
        "arr_currency",
        "string",
        "Currency of arr; NULL for a corporate currency without a code.",
        None,
        table="revenue",
        label="ARR currency",
    ),
)
"""In the order in which they are shown and exported."""
