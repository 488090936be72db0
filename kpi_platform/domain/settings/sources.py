# Long: the settings of both sources, which the documentation lists in this order.
"""The sections about the two sources: connection, raw schema, fields, and which tables are synced."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from kpi_platform.domain.limits import Matching, at_most
from kpi_platform.domain.normal_text import normal_text
from kpi_platform.domain.settings.account_types import AccountTypes
from kpi_platform.domain.settings.section import (
    PAGE_FREQUENCIES,
    Blank,
    ConnectionId,
    HttpsUrl,
    Identifier,
    Section,
    SyncFrequency,
    Text,
    section,
    setting,
)


class Formats(Section, kind="meaning"):
    """How a connection that lands text writes dates and numbers. Nothing is guessed: what is written in
    another way cannot be read."""

    date_order: Literal["ymd", "dmy", "mdy"] = setting(
        "ymd",
        "Order of day, month and year in dates that land as text. dmy also reads 31/12/2025 and "
        "31.12.2025 14:30, mdy 12/31/2025 2:30 PM; 2025-12-31 is always read.",
    )
    decimal: Literal["point", "comma"] = setting(
        "point",
        "What stands before the decimals of numbers that land as text: point reads 1200.50, comma "
        "1200,50. Group marks, currencies and percent signs are never read.",
    )


class SourceSettings(Section):
    """The settings of every source: whether it exists, its connection, its raw schema."""

    enabled: bool = setting(
        True,
        "This customer has this source. Off: its connection is paused in Fivetran, and its KPIs are "
        "not synced.",
        kind="meaning",
    )
    sync_frequency_minutes: SyncFrequency | None = setting(
        None, "Minutes between two syncs of this source. Empty: the frequency of the Fivetran section. "
        "Applied to Fivetran.", choices=PAGE_FREQUENCIES,
        kind="meaning",
    )  # fmt: skip
    connection_id: Annotated[ConnectionId | None, Blank] = setting(
        None,
        "Fivetran connection of this source. A connection belongs to one customer only.",
        kind="placement",
    )
    schema_: Identifier
    instance_url: Annotated[HttpsUrl | None, Blank]
    formats: Formats = section(Formats, "How dates and numbers are written if they land as text.")

    @property
    def switches(self) -> Mapping[str, bool]:
        """Returns which tables are synced, by the switch names of `domain/sources.py`."""
        raise NotImplementedError

    @property
    def fields(self) -> Mapping[str, str]:
        """Custom fields that are mapped, by what they mean; `CustomerSettings.mapped_field` has the last
        word."""
        raise NotImplementedError

    @property
    def blank_links(self) -> Sequence[str]:
        """Returns the texts of a link that stand for none: normalised, sorted, each once."""
        return ()


def _field(default: str, meaning: str) -> Any:
    return setting(default, meaning, allowed="Salesforce API name or landed column name")


OptionalField = Annotated[Identifier | None, Blank]


def _date(what: str) -> Any:
    return setting(
        None, f"Account field with the date of {what}, for health_score.max_age_days. Empty: its age is "
        "unknown.", allowed="Salesforce API name or landed column name",
    )  # fmt: skip


class SalesforceFields(Section, kind="meaning"):
    """Names of the Salesforce fields that hold the customer's own measures."""

    nps_score: Identifier = _field("NPS_Score__c", "Account field with the Net Promoter Score: the KPI nps.")
    adoption_score: Identifier = _field(
        "Adoption_Score__c", "Account field with the adoption score: the KPI Adoption Index."
    )
    churn_risk: Identifier = _field(
        "Churn_Risk_Score__c", "Account field with a churn risk score. Where it has a value, it is the KPI "
        "Churn Risk Score; else the platform computes one.",
    )  # fmt: skip
    health_score: Identifier = _field(
        "Health_Score__c",
        "Account field with the CRM's own health score, shown beside ours.",
    )
    satisfaction_rating: Identifier = _field(
        "Satisfaction_Rating__c", "Case field with the rating from 1 to 5: the KPI csat."
    )
    last_login_date: Identifier = _field(
        "Last_Login_Date__c",
        "Account field with the last login. More than 30 days ago adds to the churn risk.",
    )
    active_users: Identifier = _field(
        "Active_Users__c", "Account field with the number of active users: activation in the health score."
    )
    total_users: Identifier = _field(
        "Total_Users__c", "Account field with the number of licensed users: activation in the health score."
    )
    feature_usage_score: Identifier = _field(
        "Feature_Usage_Score__c",
        "Account field with the feature usage from 0 to 100: part of the health score.",
    )
    executive_engagement: Identifier = _field(
        "Executive_Engagement__c", "Account field with the engagement of executives. The value Low adds "
        "to the churn risk.",
    )  # fmt: skip
    nps_date: OptionalField = _date("NPS")
    adoption_index_date: OptionalField = _date("the adoption score")
    activation_date: OptionalField = _date("active and total users")
    feature_usage_date: OptionalField = _date("the feature usage")
    churn_risk_date: OptionalField = _date("the churn risk score")
    churn_date: Identifier = _field(
        "Churn_Date__c", "Account field with the day on which it left. Where it has a value, it is the first "
        "outcome of the account that a back-test takes.",
    )  # fmt: skip
    opportunity_arr: Identifier = _field(
        "ARR__c", "Opportunity field with its annual recurring revenue. Where it has a value, nothing is "
        "computed from amount and term.",
    )  # fmt: skip
    opportunity_start_date: Identifier = _field(
        "Contract_Start_Date__c", "Opportunity field with the first day that it pays for. Empty: that of its "
        "contract, else its close date.",
    )  # fmt: skip
    opportunity_end_date: Identifier = _field(
        "Contract_End_Date__c", "Opportunity field with the last day that it pays for. Empty: that of its "
        "contract, else its term from the first day on.",
    )  # fmt: skip
    opportunity_term_months: Identifier = _field(
        "Term_Months__c", "Opportunity field with its term in months. Empty: that of its contract, else "
        "revenue.default_term_months.",
    )  # fmt: skip
    opportunity_renewed_contract: Identifier = _field(
        "SBQQ__RenewedContract__c", "Opportunity field of a renewal with the id of the contract that it "
        "renews: it ends only what stands on that one.",
    )  # fmt: skip


def _switch(what: str) -> Any:
    return setting(
        True, f"{what} are synced. Applied to the connection's schema in Fivetran; off, KPIs that need "
        "them are not synced.",
    )  # fmt: skip


class SalesforceObjects(Section, kind="meaning"):
    """The Salesforce objects that Fivetran syncs."""

    accounts: bool = _switch("Accounts")
    contacts: bool = _switch("Contacts")
    opportunities: bool = _switch("Opportunities")
    cases: bool = _switch("Cases")
    tasks: bool = _switch("Tasks")
    users: bool = _switch("Users (the owners of accounts)")


class SalesforceSettings(SourceSettings):
    """The customer's CRM."""

    connection_id: Annotated[ConnectionId | None, Blank] = setting(
        None, "Fivetran connection that syncs Salesforce. A connection belongs to one customer only.",
        environment="SALESFORCE_CONNECTOR_ID",
        kind="placement",
    )  # fmt: skip
    schema_: Identifier = setting(
        "salesforce_crm", "Schema of the destination in which Fivetran lands Salesforce. Within a "
        "destination it belongs to one customer only.", alias="schema", allowed="identifier",
        kind="placement",
    )  # fmt: skip
    instance_url: Annotated[HttpsUrl | None, Blank] = setting(
        None, "Address of the Salesforce organisation: links from accounts and explanations, and the "
        "domain of a connection that is created here.", allowed="https address",
        environment="SALESFORCE_DOMAIN",
        kind="meaning",
    )  # fmt: skip
    api_version: Annotated[str, Matching(r"v\d\d\.0", "a version such as v58.0")] = setting(
        "v58.0",
        "Version of Salesforce's REST API in the links to records.",
        allowed="v and two digits and .0",
        kind="meaning",
    )
    custom_fields: SalesforceFields = section(
        SalesforceFields, "Names of the fields with the customer's measures."
    )
    sync_objects: SalesforceObjects = section(SalesforceObjects, "Objects that Fivetran syncs.")
    account_types: AccountTypes = section(AccountTypes, "Types of the accounts that count.")

    @property
    def switches(self) -> Mapping[str, bool]:
        return self.sync_objects.model_dump()

    @property
    def fields(self) -> Mapping[str, str]:
        return {field: name for field, name in self.custom_fields.model_dump().items() if name is not None}


def _landed(name: str, meaning: str) -> Any:
    return setting(
        f"u_{name}",
        f"{meaning} Follows the table prefix, unless it is given another name.",
        allowed="landed column name",
    )


class ServiceNowFields(Section, kind="meaning"):
    """Names of the incident fields that hold the customer's own facts."""

    customer_account_id: Identifier = _landed(
        "customer_account_id", "Incident field with the Salesforce account id: links tickets to accounts."
    )
    customer_account_name: Identifier = _landed(
        "customer_account_name",
        "Incident field with the account's name: names accounts that Salesforce lacks.",
    )
    first_responded_at: Identifier = _landed(
        "first_responded_at",
        "Incident field with the time of the first response: the KPI First Response Time.",
    )
    satisfaction_rating: Identifier = _landed(
        "satisfaction_rating", "Incident field with the rating from 1 to 5: the KPI Support Satisfaction."
    )


def made_names(prefix: str) -> dict[str, str]:
    """Returns the names of ServiceNow's custom fields that the table prefix makes."""
    return {name: f"{prefix}{name}" for name in ServiceNowFields.model_fields}


class ServiceNowTables(Section, kind="meaning"):
    """The ServiceNow tables that Fivetran syncs. Others (task_sla, core_company, …) have no switch: they are
    used if they are synced."""

    incidents: bool = _switch("Incidents")
    problems: bool = _switch("Problems")
    change_requests: bool = _switch("Change requests")
    tasks: bool = _switch("Tasks (what all classes of tickets have in common)")
    configuration_items: bool = _switch("Configuration items")
    users: bool = _switch("Users")


class ServiceNowSettings(SourceSettings):
    """The customer's service desk."""

    sync_frequency_minutes: SyncFrequency | None = setting(
        180, "Minutes between two syncs of ServiceNow. Empty: the frequency of the Fivetran section. "
        "Applied to Fivetran.", choices=PAGE_FREQUENCIES,
        kind="meaning",
    )  # fmt: skip
    connection_id: Annotated[ConnectionId | None, Blank] = setting(
        None, "Fivetran connection that syncs ServiceNow. A connection belongs to one customer only.",
        environment="SERVICENOW_CONNECTOR_ID",
        kind="placement",
    )  # fmt: skip
    schema_: Identifier = setting(
        "servicenow_itsm", "Schema of the destination in which Fivetran lands ServiceNow. Within a "
        "destination it belongs to one customer only.", alias="schema", allowed="identifier",
        kind="placement",
    )  # fmt: skip
    instance_url: Annotated[HttpsUrl | None, Blank] = setting(
        None, "Address of the ServiceNow instance: links to incidents, and the instance of a connection "
        "that is created here.", allowed="https address", environment="SERVICENOW_INSTANCE_URL",
        kind="meaning",
    )  # fmt: skip
    table_prefix: Annotated[
        str,
        Field(max_length=40),
        Matching("([A-Za-z_][A-Za-z0-9_]*)?", "a prefix such as u_"),
    ] = setting(
        "u_", "Prefix of the customer's own fields: makes the names of the four custom fields. One that is "
        "given another name keeps it whatever the prefix is.",
        kind="meaning",
    )  # fmt: skip
    custom_fields: ServiceNowFields = section(
        ServiceNowFields, "Names of the fields with the customer's facts."
    )
    sync_tables: ServiceNowTables = section(ServiceNowTables, "Tables that Fivetran syncs.")
    sla_source: Literal["auto", "task_sla", "sla_due", "made_sla"] = setting(
        "auto", "What SLA compliance is measured from: the SLA engine's table, or one of two older fields "
        "of the incident. auto takes the first that is there.",
        kind="meaning",
    )  # fmt: skip
    sla_unit: Literal["ticket", "sla"] = setting(
        "ticket", "What SLA compliance counts if it is measured from the SLA table. ticket: a ticket once, "
        "breached at the first breach of one of its resolution SLAs. sla: each SLA, and one that breached "
        "and ended later once more at its end. Example: a ticket breached in May and was resolved in June. "
        "It counts in May; sla: in both.",
        kind="meaning",
    )  # fmt: skip
    time_basis: Literal["calendar", "auto", "business", "sla"] = setting(
        "calendar", "Which time the resolution counts. calendar: from opening to resolution. business: "
        "ServiceNow's business time of the incident (business_stc). sla: the time that its resolution SLA "
        "ran, pauses left out (business_duration of task_sla). auto: the first of sla, business and calendar "
        "that at least half of the incidents have. Example: opened on Friday at 5 pm, resolved on Monday at "
        "9 am: 64 hours; business, in an office open from 8 to 6: 2 hours.",
        kind="meaning",
    )  # fmt: skip
    child_incidents: Literal["same_account", "exclude", "include"] = setting(
        "same_account", "Which incidents do not count because a parent stands for them. same_account: those "
        "whose parent exists and belongs to the same account. exclude: all that name a parent. "
        "include: none. Example: in an outage eight customers open tickets under a parent of our own. Each "
        "counts for its customer; exclude: none counts.",
        kind="meaning",
    )  # fmt: skip
    reopened: Literal["open_again", "as_resolved"] = setting(
        "open_again", "What an incident is that was resolved and then reopened. open_again: open, until it "
        "is resolved again. as_resolved: resolved, whatever came later. Example: resolved on Monday, "
        "reopened on Tuesday, due on Wednesday. On Thursday it has breached its SLA; as_resolved: it has "
        "met it.",
        kind="meaning",
    )  # fmt: skip
    link_placeholders: Annotated[tuple[Text, ...], Field(strict=False), at_most(50)] = setting(
        ("n/a", "na", "-", "none", "null", "unknown", "tbd", "0"), "Values of the account link that mean "
        "that there is none, whatever their case and blanks; the company then links the incident. Example: "
        "with n/a, the incidents whose account is N/A make no account of that name.",
        allowed="list of texts",
        kind="meaning",
    )  # fmt: skip

    @model_validator(mode="before")
    @classmethod
    def _names_by_prefix(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or not isinstance(given.get("table_prefix"), str):
            return given
        fields = given.get("custom_fields", {})
        if not isinstance(fields, Mapping):
            return given
        return {**given, "custom_fields": {**made_names(given["table_prefix"]), **fields}}

    @property
    def switches(self) -> Mapping[str, bool]:
        return self.sync_tables.model_dump()

    @property
    def fields(self) -> Mapping[str, str]:
        return self.custom_fields.model_dump()

    @property
    def blank_links(self) -> Sequence[str]:
        return sorted({normal_text(text) for text in self.link_placeholders} - {""})
