"""A made-up third source, Zendesk, added to a copy of the package as docs/extending.md says."""

from pathlib import Path

from kpi_platform_tests.recipes.tree import copied, edited

_SYSTEM = """
            SourceSystem(
                "zendesk",
                "Zendesk",
                "The help desk: tickets.",
                key="id",
                key_length=None,
                page="{instance}/agent/{table}s/{record}",
                api="{instance}/api/v2/{table}s/{record}.json",
                account_page="{instance}/agent/organizations/{record}",
                account_id="[0-9]+",
                known_account="is_seen_in_zendesk",
                lists_accounts=False,
                services=("zendesk",),
                config_key="subdomain",
                config_value="{host}",
            ),
        )
    }
)
SOURCES"""

_SETTINGS = '''

class ZendeskTables(Section, kind="meaning"):
    """Which Zendesk tables Fivetran syncs."""

    tickets: bool = _switch("Tickets")


class ZendeskSettings(SourceSettings):
    """The customer's help desk."""

    enabled: bool = setting(False, "This customer has Zendesk.", kind="meaning")
    schema_: Identifier = setting("zendesk", "Schema of Zendesk.", alias="schema", kind="placement")
    instance_url: Annotated[HttpsUrl | None, Blank] = setting(None, "Address of Zendesk.", kind="meaning")
    sync_tables: ZendeskTables = section(ZendeskTables, "Tables that Fivetran syncs.")

    @property
    def switches(self) -> Mapping[str, bool]:
        return self.sync_tables.model_dump()

    @property
    def fields(self) -> Mapping[str, str]:
        return {}
'''


def with_zendesk(folder: Path) -> Path:
    """A copy with the source in its catalogue, its settings, and the sample sources of the local Fivetran."""
    package = copied(folder, "kpi_platform") / "kpi_platform"
    edited(
        package / "domain" / "sources.py",
        ('Literal["salesforce", "servicenow"]', 'Literal["salesforce", "servicenow", "zendesk"]'),
        ("\n        )\n    }\n)\nSOURCES", _SYSTEM),
        ("_TABLES = (", '_TABLES = (\n    SourceTable("zendesk", "ticket", "tickets", "Tickets."),'),
    )
    settings = package / "domain" / "settings"
    edited(settings / "sources.py", end=_SETTINGS)
    edited(
        settings / "model.py",
        ("import SalesforceSettings,", "import SalesforceSettings, ZendeskSettings,"),
        (
            "    warehouse: Warehouse",
            '    zendesk: ZendeskSettings = section(ZendeskSettings, "Zendesk.")\n    warehouse: Warehouse',
        ),
    )
    edited(
        package / "local" / "sources.py",
        ("Service] = {", 'Service] = {\n    "zendesk": Service("Zendesk", "Support", ServiceNowSample),'),
    )
    return folder
