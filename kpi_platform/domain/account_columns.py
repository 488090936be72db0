"""The catalogue of what a load brings of an account besides its name. Every other list of these columns
derives from this one (docs/extending.md)."""

from dataclasses import dataclass
from typing import Literal

Type = Literal["string", "float"]


@dataclass(frozen=True, slots=True)
class AccountColumn:
    """A column of the marts and of the dashboard's accounts, under the same `name`.

    It is read from the landed column `landed` of `table`: the account itself, or the user who owns it.
    Without `landed`, int_salesforce_account computes it. `fact` is how the head of an account's page says it
    (`CSM {}`), `label` is its head in the export of accounts; empty: it is not there.
    """

    name: str
    type: Type
    description: str
    landed: str | None
    table: Literal["account", "user"] = "account"
    fact: str = ""
    label: str = ""


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
)
"""In the order in which they are shown and exported."""
