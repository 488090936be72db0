"""The sources of each sample customer: naming, layout, and the tables and columns that they lack."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from kpi_platform.domain.sources import Source

Layout = Literal["class_tables", "inherited"]
Naming = Literal["FIVETRAN_NAMING", "SOURCE_NAMING"]

SAMPLED: Mapping[Source, int] = {"salesforce": 360, "servicenow": 180}
"""The sources that every sample customer has, and the minutes between the syncs of their connections."""

OTHER_ACCOUNTS = 10
"""Accounts in Salesforce that are no clients: 2 merged, 1 deleted, 1 reseller, 6 prospects."""

SERVICENOW_LESS = frozenset(
    {"task_sla", "contract_sla", "core_company", "sys_choice", "problem", "change_request"}
)


_TERMS = frozenset(
    {"Contract", "OpportunityLineItem", "Product2", "CurrencyType", "DatedConversionRate", "CurrencyIsoCode"}
    | {"ContractId", "Contract_Start_Date__c", "Contract_End_Date__c", "Term_Months__c"}
    | {"SBQQ__RenewedContract__c"}
)
_ASSETS = frozenset({"Asset", "AssetStatePeriod"})


@dataclass(frozen=True, slots=True)
class Profile:
    """The shape of one sample customer's sources.

    `slice` says which of the log's locations are its accounts: every third one by size, from there.
    `missing` names source tables (`Event`, `task_sla`) and custom fields that its sources do not have.
    `accounts` and `history_days` make a sample smaller, for tests.
    """

    seed: str
    slice: int
    accounts: int
    layout: Layout = "class_tables"
    naming: Naming = "FIVETRAN_NAMING"
    account_reference: bool = False
    has_sla_due: bool = False
    nps_field: str = "NPS_Score__c"
    missing: frozenset[str] = frozenset()
    history_days: int | None = None


@dataclass(frozen=True, slots=True)
class SampleCustomer:
    """A customer that the demonstration sets up. `settings` holds what differs from the default settings."""

    key: str
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)


PROFILES: Mapping[str, Profile] = {
    # Class tables and Fivetran's own naming; no formula fields, so that churn is computed. Contracts
    # with terms, in three currencies.
    "northwind": Profile(
        seed="northwind",
        slice=0,
        accounts=56,
        missing=_ASSETS | {"Churn_Risk_Score__c", "Health_Score__c", "Executive_Engagement__c"},
    ),
    # A flat incident table with a custom reference field; the sources' own names. Assets with their periods.
    "initech": Profile(
        seed="initech",
        slice=1,
        accounts=48,
        layout="inherited",
        naming="SOURCE_NAMING",
        account_reference=True,
        has_sla_due=True,
        missing=_TERMS | {"task", "task_sla", "contract_sla"},
    ),
    # Little is synced.
    "umbra": Profile(
        seed="umbra",
        slice=2,
        accounts=42,
        layout="inherited",
        nps_field="Client_NPS__c",
        missing=SERVICENOW_LESS
        | _TERMS
        | _ASSETS
        | {"task", "Event", "Contact", "Satisfaction_Rating__c", "u_satisfaction_rating", "Health_Score__c"}
        | {"Active_Users__c", "Total_Users__c", "Executive_Engagement__c"},
    ),
}

_NAMES = {"northwind": "Northwind Cloud", "initech": "Initech Systems", "umbra": "Umbra Software"}
_SECTIONS = {"northwind": {"revenue": {"one_off_product_families": ["Services"]}}}
_FIELDS = {"umbra": {"salesforce": {"custom_fields": {"nps_score": "Client_NPS__c"}}}}


def connection_id(key: str, source: str) -> str:
    """Returns the connection's id, and the raw schema it lands in."""
    return f"{key}_{source}"


def _settings(key: str) -> dict[str, Any]:
    return _SECTIONS.get(key, {}) | {
        source: {"connection_id": connection_id(key, source), "schema": connection_id(key, source)}
        | _FIELDS.get(key, {}).get(source, {})
        for source in SAMPLED
    }


SAMPLE_CUSTOMERS: tuple[SampleCustomer, ...] = tuple(
    SampleCustomer(key, _NAMES[key], _settings(key)) for key in PROFILES
)


def profile_of(sample: Mapping[str, Any], schema: str) -> Profile:
    """Returns the profile that a connection's `sample` asks for, of `{"customer", "accounts",
    "history_days"}`.

    A connection without one, made through the API, gets a small sample of its own; the two connections of one
    customer share it, because their schemas differ in the ending alone, which is `_` and the source.
    """
    endings = "|".join(SAMPLED)
    key = str(sample.get("customer") or re.sub(f"_({endings})$", "", schema))
    profile = PROFILES.get(key) or Profile(
        seed=key, slice=sum(key.encode()) % 3, accounts=20, missing=_TERMS | _ASSETS
    )
    if sample.get("accounts"):
        profile = replace(profile, accounts=min(int(sample["accounts"]), profile.accounts))
    if sample.get("history_days"):
        profile = replace(profile, history_days=int(sample["history_days"]))
    return profile
