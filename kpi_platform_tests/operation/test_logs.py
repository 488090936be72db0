import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import MissingConfiguration
from kpi_platform.logs import configure_logs, log_ids, note_id
from kpi_platform_tests.web.conftest import Web, web  # noqa: F401

LOGGER = "kpi_platform.test_logs"


def configured(**environment: str) -> Configuration:
    return Configuration.from_environment(environment)


@pytest.fixture
def ours() -> Iterator[logging.Logger]:
    logger = logging.getLogger("kpi_platform")
    before, level = list(logger.handlers), logger.level
    yield logger
    logger.handlers[:] = before
    logger.setLevel(level)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_json_lines_carry_the_ids_of_their_surroundings(
    ours: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(configured(KPI_LOG_FORMAT="json"), "kpi_platform")
    log = logging.getLogger(LOGGER)
    with log_ids(request_id="r1"):
        note_id("customer", "acme")
        log.info("inside %s", "it")
    log.warning("told", extra={"customer": "bolt", "run_id": "run 7"})
    try:
        raise ValueError("broken")
    except ValueError:
        log.exception("failed")
    first, second, third = lines(capsys.readouterr().err)
    assert {**first, "timestamp": ""} == {
        "event": "inside it", "level": "info", "logger": LOGGER, "timestamp": "",
        "request_id": "r1", "customer": "acme",
    }  # fmt: skip
    assert (second["customer"], second["run_id"], second["level"]) == ("bolt", "run 7", "warning")
    assert "request_id" not in second
    assert "ValueError: broken" in third["exception"]


def test_text_lines_say_the_same_and_setting_up_again_doubles_nothing(
    ours: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    for level in ("DEBUG", "INFO"):
        configure_logs(configured(KPI_LOG_LEVEL=level), "kpi_platform")
    with log_ids(customer="acme"):
        logging.getLogger(LOGGER).info("loaded")
        logging.getLogger(LOGGER).debug("unseen")
    (line,) = capsys.readouterr().err.splitlines()
    assert "loaded" in line
    assert "customer=acme" in line


@pytest.mark.parametrize("environment", [{"KPI_LOG_FORMAT": "xml"}, {"KPI_LOG_LEVEL": "loud"}])
def test_a_form_or_level_that_does_not_exist_is_named(environment: dict[str, str]) -> None:
    with pytest.raises(MissingConfiguration, match=next(iter(environment))):
        configure_logs(configured(**environment), "kpi_platform")


def test_a_request_is_logged_by_its_route_with_customer_and_request_id(
    web: Web,  # noqa: F811
    ours: logging.Logger,
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs(configured(KPI_LOG_FORMAT="json"), "kpi_platform")
    web.operator("bolt").get("/api/accounts/4711", headers={"X-Request-ID": "my-request-1"})
    web.anonymous().get("/healthz")
    (line,) = lines(capsys.readouterr().err)
    assert line["event"].startswith("GET /api/accounts/{account_id} 404 in ")
    assert (line["customer"], line["request_id"]) == ("bolt", "my-request-1")
