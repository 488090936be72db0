"""The sections that decide what happens with the values: matching, health, load, failures, alerts."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from kpi_platform.domain.health import DATED_INPUTS, MAX_AGE_DAYS, HealthScheme
from kpi_platform.domain.limits import refused
from kpi_platform.domain.settings.section import Blank, EmailAddresses, SecretName, Section, section, setting

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
MaxAge = Annotated[int, Field(ge=1, le=3650)] | None


def _strategy(value: Any) -> Any:
    return "fuzzy" if value == "name_fuzzy_match" else value


class AccountMatching(Section, kind="meaning"):
    """How an account of the sources finds the account that the dashboard already knows."""

    strategy: Annotated[Literal["exact", "fuzzy", "domain"], BeforeValidator(_strategy)] = setting(
        "fuzzy", "exact: same id or same normalised name. fuzzy: also similar names, from the threshold "
        "on. domain: also the same web domain. name_fuzzy_match is another word for fuzzy.",
    )  # fmt: skip
    threshold: Share = setting(
        0.85, "Similarity from which two names are the same account without asking.", allowed="0 to 1"
    )
    review_threshold: Share = setting(
        0.70,
        "Similarity from which a match that stays below the threshold goes to review.",
        allowed="0 to threshold",
    )
    create_new_accounts: bool = setting(
        True, "Accounts that match none are created in the dashboard. Off: "
        "error_handling.on_missing_account must be skip or error.",
    )  # fmt: skip
    update_existing_accounts: bool = setting(
        True, "A matched account takes over name, revenue, industry, region and owner. Off: it keeps its "
        "own; its KPI values still load.",
    )  # fmt: skip

    @model_validator(mode="after")
    def _review_below_match(self) -> "AccountMatching":
        if self.review_threshold > self.threshold:
            raise refused(
                f"must not be above account_matching.threshold ({self.threshold:g})", field="review_threshold"
            )
        return self


class HealthWeights(Section, kind="meaning"):
    """How much each category counts in the health score. They sum to 1."""

    relationship: Weight = setting(
        0.40, "Weight of NPS, CSAT and executive engagement.", allowed="0 or more, sum 1"
    )
    adoption: Weight = setting(
        0.30, "Weight of adoption, activation and feature usage.", allowed="0 or more, sum 1"
    )
    business_outcomes: Weight = setting(
        0.30, "Weight of growth, net revenue retention and churn risk.", allowed="0 or more, sum 1"
    )
    support: Weight = setting(
        0.0,
        "Weight of SLA compliance, satisfaction, response and resolution time.",
        allowed="0 or more, sum 1",
    )

    @model_validator(mode="after")
    def _sum_is_one(self) -> "HealthWeights":
        total = math.fsum((self.relationship, self.adoption, self.business_outcomes, self.support))
        if abs(total - 1) > 1e-9:
            raise refused(f"the four weights must sum to 1; they sum to {total:.10g}")
        return self


class HealthScore(Section, kind="meaning"):
    """How the health score is put together."""

    scheme: HealthScheme = setting(
        "classic", "classic: the formulas of before. standard: each input is scored on a curve (growth of "
        "0 % is 50 points, of 10 % 70); a churn risk that was computed from other inputs is no input, nor is "
        "growth in bookings; accounts with many users may have more tickets, and silence is a risk.",
    )  # fmt: skip
    max_age_days: Mapping[str, MaxAge] = setting(
        {}, "Days after which an input is too old, by its name: its KPI then has no data, and the score and "
        "the churn risk go without it. null: it is never too old. If it is not named, nps has 365 days and "
        "the others 90 under the scheme standard, and under classic none is too old. The date is in the "
        "field that custom_fields map as <input>_date; if none is mapped, the age is unknown and the input "
        "counts.", allowed=f"{', '.join(DATED_INPUTS)}: 1 to 3650, or null",
    )  # fmt: skip
    weights: HealthWeights = section(HealthWeights, "Weights of the four categories.")

    @field_validator("max_age_days")
    @classmethod
    def _ages_of_dated_inputs(cls, days: Mapping[str, MaxAge]) -> Mapping[str, MaxAge]:
        for name in days:
            if name not in DATED_INPUTS:
                raise refused(
                    f"is no input with an age; these have one: {', '.join(DATED_INPUTS)}", field=name
                )
        return days

    def max_age(self, name: str) -> int | None:
        """Returns the days from which on an input is too old, None if it never is (scorecards.md S16)."""
        return {**MAX_AGE_DAYS[self.scheme], **self.max_age_days}.get(name)


class Update(Section, kind="meaning"):
    """How a load treats what the dashboard already has."""

    mode: Literal["upsert", "replace"] = setting(
        "upsert", "upsert: a load adds and changes. replace: the dashboard then holds exactly this load; "
        "accounts and values that are not in it are retired, and a roll-back brings them back.",
    )  # fmt: skip
    history_weeks: Annotated[int, Field(ge=0, le=104)] = setting(
        12, "How many weeks before the first load are computed after it, in the background, so that charts "
        "and changes begin there. What fields of the account held then is not known, and is left out. "
        "0: none.",
        allowed="0 to 104",
    )  # fmt: skip


class ErrorHandling(Section, kind="meaning"):
    """The handling of missing, doubled and failing things."""

    on_missing_account: Literal["create", "skip", "error"] = setting(
        "create", "An account that matches none. create: it is added. skip: the rest loads, and the "
        "upload lists what was skipped. error: nothing loads.",
    )  # fmt: skip
    on_duplicate_kpi: Literal["update", "skip", "error"] = setting(
        "update", "A value for the same account, KPI and instant is there already. update: it is "
        "overwritten. skip: the old one stays. error: nothing loads.",
    )  # fmt: skip
    on_sync_failure: Literal["retry", "skip", "alert"] = setting(
        "retry", "A sync fails. retry: it is tried again, then alerted. skip: the KPIs are computed from "
        "what is there and marked stale. alert: the run stops and alerts at once.",
    )  # fmt: skip
    max_retries: Annotated[int, Field(ge=0, le=10)] = setting(
        3, "How often a failed sync is tried again.", allowed="0 to 10"
    )
    retry_delay_seconds: Annotated[int, Field(ge=0, le=86400)] = setting(
        300, "Seconds between two tries.", allowed="0 to 86400"
    )


MAIL = "email_to"
"""The setting of the channel that needs no address of a server of its own."""


class Alerts(Section):
    """The receivers of alerts, and the events that they get."""

    webhook_url_secret: Annotated[SecretName | None, Blank] = setting(
        None, "Name of the environment variable with the address that alerts are posted to. It begins with "
        "KPI_SECRET_ and the customer's key in capitals, or the operator lists it. Without any receiver, "
        "alerts only go to the log.", allowed="name of an environment variable",
        kind="reach_out",
    )  # fmt: skip
    email_to: EmailAddresses = setting(
        (), "E-mail addresses that alerts are sent to, through the operator's mail server.",
        allowed="at most 20 e-mail addresses",
        kind="reach_out",
    )  # fmt: skip
    slack_url_secret: Annotated[SecretName | None, Blank] = setting(
        None, "Name of the environment variable with the address of an incoming webhook of Slack.",
        allowed="name of an environment variable",
        kind="reach_out",
    )  # fmt: skip
    teams_url_secret: Annotated[SecretName | None, Blank] = setting(
        None, "Name of the environment variable with the address of a workflow of Microsoft Teams that posts "
        "what its webhook gets.", allowed="name of an environment variable",
        kind="reach_out",
    )  # fmt: skip
    most_per_hour: Annotated[int, Field(ge=0, le=1000)] = setting(
        20,
        "Alerts that are sent singly within an hour, through each channel. Further ones come together as one "
        "when the hour has passed. 0: no limit.",
        allowed="0 to 1000",
        kind="meaning",
    )
    digest: Literal["never", "daily", "workdays", "mondays"] = setting(
        "never",
        "Send what changed for the accounts, and why, by e-mail, Slack and Teams on these days.",
        kind="meaning",
    )
    digest_hour: Annotated[int, Field(ge=0, le=23)] = setting(
        7, "Hour at which the digest is sent, in the time zone of the sync window.", allowed="0 to 23",
        kind="meaning",
    )  # fmt: skip
    on_sync_failure: bool = setting(True, "Alert when a sync has failed for good.", kind="meaning")
    on_stale_hours: Annotated[int, Field(ge=1, le=8760)] = setting(
        24,
        "Alert when a source has not been synced successfully for so many hours.",
        allowed="1 to 8760",
        kind="meaning",
    )
    on_failed_checks: bool = setting(
        True,
        "Alert when a check finds rows that break its rule, such as values that cannot be read.",
        kind="meaning",
    )
    on_threshold_crossing: bool = setting(
        False,
        "Alert when a KPI of an account becomes at risk, by the thresholds of the KPI mappings.",
        kind="meaning",
    )

    @property
    def addresses(self) -> Mapping[str, str]:
        """The setting of each channel that is in use → the variable with its address."""
        return {
            setting: name
            for setting, name in self.model_dump().items()
            if setting.endswith("_secret") and name is not None
        }

    @property
    def channels(self) -> tuple[str, ...]:
        """The setting of each channel that is in use."""
        return (*self.addresses, *([MAIL] if self.email_to else []))
