"""Google's client for BigQuery: who it signs in as, and what it may spend."""

from pathlib import Path
from typing import Any

import google.auth
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.oauth2 import service_account

from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import MissingConfiguration

API_HOST = "bigquery.googleapis.com"
KEY_VARIABLE = "WAREHOUSE_PRIVATE_KEY_PATH"
LIMIT_VARIABLE = "WAREHOUSE_MAXIMUM_BYTES_BILLED"
_SCOPES = ["https://www.googleapis.com/auth/bigquery"]


def open_client(project: str, endpoint: str, key_file: str | None) -> bigquery.Client:
    """Signed in with the service account in `key_file`, or with the application default credentials; without
    any at an emulator, which is what has no TLS. GoogleAuthError or ValueError where they cannot be read."""
    credentials: Any
    if endpoint.startswith("http://"):
        credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
    elif key_file:
        read_file: Any = service_account.Credentials.from_service_account_file
        credentials = read_file(key_file, scopes=_SCOPES)
    else:
        credentials, _ = google.auth.default(scopes=_SCOPES)
    options = ClientOptions(api_endpoint=endpoint)
    return bigquery.Client(project, credentials=credentials, client_options=options)


def key_file_of(configuration: Configuration, secrets: CustomerSecrets, secret: str | None) -> str | None:
    """The file that the variable `secret` names, or WAREHOUSE_PRIVATE_KEY_PATH; None for neither."""
    if secret is None and configuration.get(KEY_VARIABLE) is None:
        return None
    variable = secret or KEY_VARIABLE
    file = secrets.value(variable)
    if not Path(file).is_file():
        raise MissingConfiguration(
            f"{variable} names the file {file}, which is not there.",
            next_step="Set it to the path of the service account's key file (JSON).",
        )
    return file


def limit_of(configuration: Configuration) -> int | None:
    """The bytes that a job may be billed for; None for no limit."""
    text = configuration.get(LIMIT_VARIABLE)
    if text is None:
        return None
    if not text.isdecimal():
        raise MissingConfiguration(
            f"{LIMIT_VARIABLE} is '{text}', which is no number of bytes.",
            next_step="Set it to a whole number, for example 10000000000, or leave it out.",
        )
    return int(text)
