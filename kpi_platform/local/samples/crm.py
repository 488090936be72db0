"""The Salesforce of a sample customer: its tables, and the accounts, contacts and users in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kpi_platform.local.samples.companies import Company, companies
from kpi_platform.local.samples.identifiers import Texts, salesforce_ids
from kpi_platform.local.samples.noise import Floats, Integers, normal, pick, uniform
from kpi_platform.local.samples.people import person_names
from kpi_platform.local.samples.profiles import OTHER_ACCOUNTS, Profile
from kpi_platform.local.samples.source import (
    DAY,
    NEVER,
    Window,
    constant,
    flags,
    integers,
    numbers,
    texts,
    timestamps,
)

USERS = 10
MAX_CONTACTS = 8
_TITLES = (
    ("Chief Executive Officer", 1), ("CFO", 2), ("CTO", 2), ("VP of Operations", 3),
    ("SVP, Customer Success", 1), ("Vice President of Sales", 2), ("Director, IT", 3),
    ("Head of Procurement", 2), ("IT Manager", 6), ("Systems Administrator", 6), ("Business Analyst", 5),
    ("Executive Assistant to the CEO", 1), ("Project Manager", 5), ("Operations Coordinator", 3),
    ("Service Desk Lead", 3), (None, 1),
)  # fmt: skip
_CURRENCIES = {"GB": "GBP", "DE": "EUR", "FR": "EUR", "NL": "EUR"}
_SPONSORS = (
    "Chief Operating Officer",
    "CIO",
    "Vice President of Customer Experience",
    "Director of IT",
    "CEO",
)
"""Titles of the first contact, with whom most is done."""


@dataclass(frozen=True)
class Crm:
    """The data that the tables of one customer's Salesforce are made from. `day` is the day of installation.

    The first `profile.accounts` accounts are clients, the others are prospects, duplicates and the like. One
    client, `ticket_only`, has tickets but was never in Salesforce.
    """

    profile: Profile
    day: int

    @property
    def seed(self) -> str:
        return self.profile.seed

    @cached_property
    def companies(self) -> list[Company]:
        return companies(self.seed, self.profile.accounts + OTHER_ACCOUNTS)

    @cached_property
    def account_ids(self) -> Texts:
        return salesforce_ids("001", f"{self.seed}/account", self.all_accounts)

    @property
    def all_accounts(self) -> Integers:
        return np.arange(len(self.companies))

    @property
    def ticket_only(self) -> int:
        return self.profile.accounts // 3

    @cached_property
    def clients(self) -> Integers:
        """The accounts that deals and activities are about."""
        return np.delete(np.arange(self.profile.accounts), self.ticket_only)

    @cached_property
    def health(self) -> Floats:
        """How well each account does, 0…1: the one cause behind its scores, deals and activities."""
        return np.clip(0.62 + 0.24 * normal(f"{self.seed}/health", self.all_accounts), 0.02, 0.99)

    @cached_property
    def client_since(self) -> Integers:
        """The first deal of each account: half a year to four years before the installation."""
        days = 180 + (1300 * uniform(f"{self.seed}/client since", self.all_accounts)).astype(np.int64)
        return self.day - days * DAY

    @cached_property
    def currencies(self) -> Texts:
        """The currency of each account, that of its country; US dollars elsewhere."""
        codes = [_CURRENCIES.get(company.country_code, "USD") for company in self.companies]
        return np.array(codes, dtype=object)

    @cached_property
    def user_ids(self) -> Texts:
        return salesforce_ids("005", f"{self.seed}/user", np.arange(USERS))

    @cached_property
    def owners(self) -> Texts:
        """The owner of each account: one of the users, not their manager."""
        owners: Texts = self.user_ids[
            1 + (uniform(f"{self.seed}/owner", self.all_accounts) * (USERS - 2)).astype(int)
        ]
        return owners

    @cached_property
    def contact_counts(self) -> Integers:
        return 3 + (uniform(f"{self.seed}/contacts", self.all_accounts) * (MAX_CONTACTS - 2)).astype(np.int64)

    def contact_ids(self, account: Integers, contact: Integers) -> Texts:
        return salesforce_ids("003", f"{self.seed}/contact", account, contact)

    def start(self, days: int) -> int:
        """Returns the first day of a table that goes back `days` before the installation, less if cut."""
        limit = self.profile.history_days
        return self.day - DAY * (days if limit is None else min(days, limit))


def accounts(crm: Crm, window: Window) -> pa.Table:
    """Returns the accounts. Each is written once a week, on a weekday and at a time of its own."""
    i = crm.all_accounts[crm.all_accounts != crm.ticket_only]
    week = 7 * DAY
    offset = (uniform(f"{crm.seed}/week", i) * week).astype(np.int64)
    weeks = (window.until - 1 - offset) // week
    created = crm.client_since[i] - 60 * DAY
    kept, written = window.written(created, np.maximum(weeks * week + offset, created))
    i, weeks, created, written = i[kept], weeks[kept], created[kept], written[kept]
    who = [crm.companies[index] for index in i]
    client = i < crm.profile.accounts
    kinds = pick(
        ("Customer - Direct", "Customer - Channel", "Customer"), f"{crm.seed}/type", i, weights=(7, 2, 1)
    )
    extra = i - crm.profile.accounts
    merged, deleted, reseller = (extra == 0) | (extra == 1), extra == 2, extra == 3
    kinds[~client & ~merged & ~deleted] = "Prospect"
    kinds[reseller] = "Channel Partner / Reseller"
    master = np.where(merged, crm.account_ids[np.clip(extra, 0, None)], None)
    columns = {
        "Id": texts(crm.account_ids[i]),
        "IsDeleted": flags(merged | deleted),
        "MasterRecordId": texts(master),
        "Name": texts([_name(crm, int(n)) for n in i]),
        "Type": texts(kinds),
        "ParentId": texts(np.where(client & (i % 17 == 16), crm.account_ids[i - 1], None)),
        "BillingCity": texts([company.city for company in who]),
        "BillingCountry": texts([company.country for company in who]),
        "BillingCountryCode": texts([company.country_code for company in who]),
        "Website": texts([_website(company) for company in who]),
        "Industry": texts([company.industry for company in who]),
        "AnnualRevenue": numbers(np.array([company.revenue for company in who]), i % 19 == 18),
        "NumberOfEmployees": integers(np.array([company.employees for company in who])),
        "CurrencyIsoCode": texts(crm.currencies[i]),
        "OwnerId": texts(crm.owners[i]),
        "AccountSource": texts(pick(("Web", "Referral", "Partner", None), f"{crm.seed}/source", i)),
        "CreatedDate": timestamps(created),
        "LastModifiedDate": timestamps(written),
        "SystemModstamp": timestamps(written),
    }
    columns |= scores(crm, i, weeks, written)
    return pa.table({name: column for name, column in columns.items() if name not in crm.profile.missing})


def scores(crm: Crm, i: Integers, weeks: Integers, written: Integers) -> dict[str, pa.Array]:
    """Returns the custom fields of accounts. A score moves about the account's health, week by week."""
    health = crm.health[i]

    def near(name: str, low: float, high: float, spread: float, when: Integers) -> Floats:
        return np.round(low + (high - low) * health + spread * normal(f"{crm.seed}/{name}", i, when), 1)

    def unknown(name: str, share: float) -> NDArray[np.bool_]:
        return (uniform(f"{crm.seed}/{name} unknown", i) < share) | (i >= crm.profile.accounts)

    total = 5 + np.exp(3.2 + 0.9 * normal(f"{crm.seed}/seats", i)).astype(np.int64)
    active = np.round(total * np.clip(near("active", 0.2, 1.0, 0.08, weeks), 0.02, 1))
    idle = np.exp(1.2 + 3 * (1 - health) + 0.8 * normal(f"{crm.seed}/idle", i, weeks))
    adoption = np.clip(near("adoption", 15, 100, 5, weeks), 0, 100)
    adoption[i == 11] = 104.0
    return {
        crm.profile.nps_field: numbers(
            np.clip(np.round(near("nps", -55, 95, 12, weeks // 13)), -100, 100), unknown("nps", 0.08)
        ),
        "Adoption_Score__c": numbers(adoption, unknown("adoption", 0.06)),
        "Churn_Risk_Score__c": numbers(
            np.clip(near("churn", 92, 4, 6, weeks), 0, 100), unknown("churn", 0.2)
        ),
        "Health_Score__c": numbers(
            np.clip(near("crm health", 10, 98, 4, weeks), 0, 100), unknown("crm", 0.1)
        ),
        "Feature_Usage_Score__c": numbers(
            np.clip(near("use", 10, 95, 8, weeks), 0, 100), unknown("use", 0.15)
        ),
        "Active_Users__c": numbers(active, unknown("seats", 0.05)),
        "Total_Users__c": numbers(total, unknown("seats", 0.05)),
        "Last_Login_Date__c": timestamps(written - (idle * DAY).astype(np.int64)),
        "Executive_Engagement__c": texts(
            np.select([health < 0.45, health < 0.75], ["Low", "Medium"], "High"), unknown("engagement", 0.15)
        ),
    }


def contacts(crm: Crm, window: Window) -> pa.Table:
    account = np.repeat(crm.clients, crm.contact_counts[crm.clients])
    k = np.concatenate([np.arange(count) for count in crm.contact_counts[crm.clients]])
    created = crm.client_since[account] - (30 - 7 * k) * DAY
    gone = uniform(f"{crm.seed}/contact gone", account, k) < 0.02
    left = np.where(gone, crm.day + (k - 20) * DAY, NEVER)
    kept, written = window.written(created, left)
    account, k, created, written, left = account[kept], k[kept], created[kept], written[kept], left[kept]
    first, last = person_names(f"{crm.seed}/contact", account, k)
    domains = np.array([crm.companies[n].domain for n in account], dtype=object)
    title = pick([t for t, _ in _TITLES], f"{crm.seed}/title", account, k, weights=[w for _, w in _TITLES])
    sponsor = (k == 0) & (uniform(f"{crm.seed}/sponsor", account) < 0.7)
    title[sponsor] = pick(_SPONSORS, f"{crm.seed}/sponsor title", account[sponsor])
    columns = {
        "Id": texts(crm.contact_ids(account, k)),
        "IsDeleted": flags(left < window.until),
        "AccountId": texts(crm.account_ids[account]),
        "FirstName": texts(first),
        "LastName": texts(last),
        "Name": texts(first + " " + last),
        "Title": texts(title),
        "Email": texts([f"{a}.{b}@{d}".lower() for a, b, d in zip(first, last, domains, strict=True)]),
        "ReportsToId": texts(crm.contact_ids(account, np.zeros_like(k)), k == 0),
        "OwnerId": texts(crm.owners[account]),
        "CreatedDate": timestamps(created),
        "LastModifiedDate": timestamps(written),
        "SystemModstamp": timestamps(written),
    }
    return pa.table(columns)


def users(crm: Crm, window: Window) -> pa.Table:
    i = np.arange(USERS)
    created = np.full(USERS, crm.day - 1500 * DAY)
    kept, written = window.written(created)
    i, created, written = i[kept], created[kept], written[kept]
    first, last = person_names(f"{crm.seed}/user", i, i)
    domain = f"{crm.seed.replace('_', '-')}.example"
    emails = [f"{a}.{b}@{domain}".lower() for a, b in zip(first, last, strict=True)]
    columns = {
        "Id": texts(crm.user_ids[i]),
        "Username": texts(emails),
        "FirstName": texts(first),
        "LastName": texts(last),
        "Name": texts(first + " " + last),
        "Email": texts(emails),
        "Title": texts(np.where(i == 0, "Head of Customer Success", "Customer Success Manager")),
        "IsActive": flags(i < USERS - 1),
        "ManagerId": texts(np.where(i > 0, crm.user_ids[0], None)),
        "UserType": constant("Standard", len(i)),
        "CreatedDate": timestamps(created),
        "LastModifiedDate": timestamps(written),
        "SystemModstamp": timestamps(written),
        "_fivetran_deleted": flags(i == USERS - 1),
    }
    return pa.table(columns)


def _name(crm: Crm, index: int) -> str:
    """A merged account is a second spelling of its master."""
    extra = index - crm.profile.accounts
    return f"{crm.companies[extra].name} (old)" if extra in (0, 1) else crm.companies[index].name


def _website(company: Company) -> str | None:
    return None if company.index % 13 == 12 else f"https://www.{company.domain}"


CrmTable = Callable[[Crm, Window], pa.Table]
PEOPLE_AND_COMPANIES: Mapping[str, CrmTable] = {"Account": accounts, "Contact": contacts, "User": users}
