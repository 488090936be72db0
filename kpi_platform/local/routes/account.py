"""The account, its one user, and the connector types that it can have."""

from fastapi import APIRouter

from kpi_platform.local.account import USER_ID, Fivetran, LocalFivetran
from kpi_platform.local.responses import Answer, ApiError, Cursor, Limit, page, success, timestamp
from kpi_platform.local.sources import SERVICES
from kpi_platform.local.state import Installation, now

router = APIRouter(prefix="/v1")


@router.get("/account/info")
def account_info() -> Answer:
    return success({"account_id": "local", "account_name": "Local Fivetran", "user_id": USER_ID})


@router.get("/users")
def list_users(
    fivetran: Fivetran, active: bool | None = None, limit: Limit = 100, cursor: Cursor = None
) -> Answer:
    return page([] if active is False else [_user(fivetran)], limit, cursor)


@router.get("/users/{user_id}")
def get_user(fivetran: Fivetran, user_id: str) -> Answer:
    if user_id != USER_ID:
        raise ApiError(404, "NotFound_User", f"User with id '{user_id}' doesn't exist.")
    return success(_user(fivetran))


@router.get("/metadata/connector-types")
def list_connector_types(limit: Limit = 100, cursor: Cursor = None) -> Answer:
    return page([_connector_type(service) for service in SERVICES], limit, cursor)


@router.get("/metadata/connector-types/{service}")
def get_connector_type(service: str) -> Answer:
    if service not in SERVICES:
        raise ApiError(404, "NotFound", f"Connector type '{service}' doesn't exist.")
    schema = {
        "type": "string",
        "title": "Destination schema",
        "description": "The schema in which its tables land.",
    }
    config = {"type": "object", "properties": {"schema": schema}, "required": ["schema"]}
    return success(_connector_type(service) | {"config": config, "auth": {"type": "object"}})


def _user(fivetran: LocalFivetran) -> Answer:
    installation = fivetran.store.get(Installation, "installation")
    since = timestamp(installation.day if installation else now())
    return {
        "id": USER_ID,
        "email": "local@localhost",
        "given_name": "Local",
        "family_name": "User",
        "role": "Account Administrator",
        "verified": True,
        "invited": False,
        "active": True,
        "created_at": since,
        "logged_in_at": since,
    }


def _connector_type(service: str) -> Answer:
    one = SERVICES[service]
    return {
        "id": service,
        "name": one.title,
        "type": one.kind,
        "description": f"Sample rows in the form of {one.title}.",
        "connector_class": "standard",
        "service_status": "general_availability",
    }
