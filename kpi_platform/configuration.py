"""The one reader of the environment.

`Configuration.from_environment()` is called where a process starts, never at import of another module. Values
of secrets stay in the environment: code asks for them by name, with `secret()`, at the moment of use.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

from kpi_platform.domain.errors import MissingConfiguration
from kpi_platform.domain.fivetran_budget import CALLS_PER_HOUR
from kpi_platform.installation import installation_id

LOCAL_FIVETRAN_PORT = 8799
LOCAL_FIVETRAN_PORT_FILE = "local_fivetran_port"
DEFAULT_WEB_URL = "http://127.0.0.1:8080"
DEFAULT_DAGSTER_URL = "http://127.0.0.1:3000"
LOCAL_FIVETRAN_KEY = "local"
"""Key and secret of the local Fivetran of the embedded default. It listens on the loopback address only."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The environment, parsed once.

    `home` is the folder of all local state. `environment` is the mapping that secrets are looked up in.
    """

    home: Path
    dashboard_database_url: str
    fivetran_api_url: str
    environment: Mapping[str, str] = field(repr=False, default_factory=dict)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Configuration":
        """Reads `environment`, by default the process's. MissingConfiguration names a malformed variable."""
        env = dict(os.environ if environment is None else environment)
        home = Path(env.get("KPI_PLATFORM_HOME") or ".kpi_platform").expanduser().resolve()
        default_port = env.get("KPI_LOCAL_FIVETRAN_PORT") or _chosen_port(home) or str(LOCAL_FIVETRAN_PORT)
        api_url = (env.get("FIVETRAN_API_URL") or f"http://127.0.0.1:{default_port}").rstrip("/")
        if urlsplit(api_url).scheme not in ("http", "https"):
            raise MissingConfiguration(
                f"FIVETRAN_API_URL is '{api_url}', which is no http or https address.",
                next_step="Set it to https://api.fivetran.com, or leave it out to use the local Fivetran.",
            )
        return cls(
            home=home,
            dashboard_database_url=env.get("DASHBOARD_DATABASE_URL") or f"sqlite:///{home / 'dashboard.db'}",
            fivetran_api_url=api_url,
            environment=env,
        )

    @property
    def warehouse_file(self) -> Path:
        """The embedded DuckDB destination."""
        return self.home / "warehouse.duckdb"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @property
    def local_fivetran_home(self) -> Path:
        return self.home / "local_fivetran"

    @property
    def local_fivetran_port(self) -> int:
        """The port of the local Fivetran. Meaningful if `uses_local_fivetran`."""
        return urlsplit(self.fivetran_api_url).port or LOCAL_FIVETRAN_PORT

    @property
    def uses_local_fivetran(self) -> bool:
        return urlsplit(self.fivetran_api_url).hostname in ("127.0.0.1", "localhost", "::1")

    @property
    def web_url(self) -> str:
        """The address of the web app, without a slash at the end."""
        return (self.get("KPI_WEB_URL") or DEFAULT_WEB_URL).rstrip("/")

    @property
    def dagster_url(self) -> str:
        """The address of Dagster's UI, without a slash at the end."""
        return (self.get("KPI_DAGSTER_URL") or DEFAULT_DAGSTER_URL).rstrip("/")

    def page(self, name: str, customer: str) -> str:
        """Returns a page of the web app, shown for a customer."""
        return f"{self.web_url}/{name}?customer={quote(customer, safe='')}"

    def checks_url(self, asset: str) -> str:
        """Returns the page of an asset's checks in Dagster's UI."""
        return f"{self.dagster_url}/assets/{quote(asset)}?view=checks"

    def run_url(self, run_id: str | None) -> str | None:
        """Returns the page of a run in Dagster's UI."""
        return f"{self.dagster_url}/runs/{quote(run_id, safe='')}" if run_id else None

    def get(self, name: str) -> str | None:
        """Returns the variable `name`, or None if it is unset or empty."""
        return self.environment.get(name) or None

    def secret(self, name: str) -> str:
        """Returns the secret in the variable `name`. Raises MissingConfiguration, which names the variable,
        if it is not set."""
        value = self.get(name)
        if value is None:
            raise MissingConfiguration(
                f"The environment variable {name} is not set.",
                next_step=f"Set {name} for the process that runs kpi_platform, and start it again.",
            )
        return value

    @property
    def first_sync_limit(self) -> timedelta:
        """How long a connection's first sync may go on before it is alerted."""
        return timedelta(hours=self._positive("KPI_FIRST_SYNC_HOURS", 72))

    @property
    def fivetran_calls_per_hour(self) -> int:
        """Fivetran's limit of calls, for as long as none of its answers says it."""
        return self._positive("KPI_FIVETRAN_CALLS_PER_HOUR", CALLS_PER_HOUR)

    def _positive(self, name: str, default: int) -> int:
        text = self.get(name)
        if text is None:
            return default
        if not text.isdecimal() or int(text) == 0:
            raise MissingConfiguration(
                f"{name} is '{text}'.", next_step=f"Set {name} to a whole number above 0, or leave it out."
            )
        return int(text)

    @property
    def fivetran_api_key(self) -> str:
        return self._fivetran_credential("FIVETRAN_API_KEY")

    @property
    def fivetran_api_secret(self) -> str:
        return self._fivetran_credential("FIVETRAN_API_SECRET")

    @property
    def installation(self) -> str | None:
        """The id with which calls to the local Fivetran say whose they are; None if FIVETRAN_API_URL names
        the server, which may then be anybody's."""
        return None if self.get("FIVETRAN_API_URL") else installation_id(self.home)

    def _fivetran_credential(self, name: str) -> str:
        """The variable's value; the local Fivetran has a default."""
        if self.uses_local_fivetran and self.get(name) is None:
            return LOCAL_FIVETRAN_KEY
        return self.secret(name)


def _chosen_port(home: Path) -> str | None:
    """The port that this home's local Fivetran took when another program had the usual one."""
    try:
        text = (home / LOCAL_FIVETRAN_PORT_FILE).read_text(errors="replace").strip()
    except OSError:
        return None
    return text if text.isdecimal() and 0 < int(text) < 1 << 16 else None
