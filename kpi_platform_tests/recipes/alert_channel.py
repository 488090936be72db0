"""A made-up alert channel, added to a copy of the package as docs/extending.md says."""

from pathlib import Path

from kpi_platform_tests.recipes.tree import edited

_SETTING = """    pager_url_secret: Annotated[SecretName | None, Blank] = setting(
        None, "Name of the environment variable with the address of the pager.", kind="reach_out"
    )
    on_sync_failure: bool = setting(True, "Alert when a sync"""

_CHANNEL = '''def _pager(_: Configuration, alert: Alert) -> Message:
    """The form that the pager takes."""
    return Message(json.dumps({"summary": alert.text, "dedup_key": alert.id}).encode(), {})


CHANNELS: Mapping[str, Callable[[Configuration, Alert], Message]] = {
    "pager_url_secret": _pager,
'''


def with_pager(copy: Path) -> None:
    """Adds the channel `pager`: the setting that names its address, and the message that it takes."""
    package = copy / "kpi_platform"
    edited(
        package / "domain" / "settings" / "policies.py",
        ('    on_sync_failure: bool = setting(True, "Alert when a sync', _SETTING),
    )
    edited(
        package / "adapters" / "alerts.py",
        ("CHANNELS: Mapping[str, Callable[[Configuration, Alert], Message]] = {\n", _CHANNEL),
    )
