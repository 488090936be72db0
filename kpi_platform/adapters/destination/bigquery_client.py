"""Google's client for BigQuery: who it signs in as, and what it may spend."""

import json
from typing import Any

import google.auth
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.oauth2 import service_account

from kpi_platform.adapters.secrets import Secret
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import MissingConfiguration

LIMIT_VARIABLE = "WAREHOUSE_MAXIMUM_BYTES_BILLED"
_SCOPES = ["https://www.googleapis.com/auth/bigquery"]


def open_client(project: str, endpoint: str, key: Secret | None) -> bigquery.Client:
    """Signed in with the service account of `key`, or with the application default credentials; without any
    at an emulator, which is a host without TLS. Raises GoogleAuthError or ValueError if they cannot be
    read."""
    credentials: Any
    if endpoint.startswith("http://"):
        credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
    elif key:
        read: Any = service_account.Credentials.from_service_account_info
        credentials = read(key_info(key), scopes=_SCOPES)
    else:
        credentials, _ = google.auth.default(scopes=_SCOPES)
    options = ClientOptions(api_endpoint=endpoint)
    return bigquery.Client(project, credentials=credentials, client_options=options)


def key_info(key: Secret) -> dict[str, str]:
    """Returns the fields of a service account's key. Raises MissingConfiguration if `key` holds none."""
    try:
        info = json.loads(key.text())
    except ValueError:
        info = None
    if not isinstance(info, dict):
        raise MissingConfiguration(
            f"{key.name} holds no key of a service account (JSON).",
            next_step=f"Put the key's text into {key.name}; a variable with the path of a key file has a "
            "name that ends in _PATH or _FILE.",
        )
    return {str(name): str(value) for name, value in info.items()}


def limit_of(configuration: Configuration) -> int | None:
    """Returns the bytes that a job may be billed for; None for no limit."""
    text = configuration.get(LIMIT_VARIABLE)
    if text is None:
        return None
    if not text.isdecimal():
        raise MissingConfiguration(
            f"{LIMIT_VARIABLE} is '{text}', which is no number of bytes.",
            next_step="Set it to a whole number, for example 10000000000, or leave it out.",
        )
    return int(text)
