"""Three kinds of settings, and who may change them."""

from typing import Any

import pytest

from kpi_platform.domain.errors import Forbidden
from kpi_platform.domain.settings import CustomerSettings, Editor, paths_beyond, require_none, settings_kinds
from kpi_platform.domain.settings.leaves import _kind
from kpi_platform.domain.settings.section import Section, setting
from kpi_platform.domain.sources import SOURCES
from kpi_platform_tests.editors import ADMIN, OPERATOR, WRITER

READER = Editor("rita", operator=False, scope="read")
KINDS = settings_kinds()


def of_kind(kind: str) -> set[str]:
    return {path for path, one in KINDS.items() if one == kind}


def test_where_the_data_lies_is_placement_and_alert_channels_are_reach_out() -> None:
    warehouse = {f"warehouse.{name}" for name in CustomerSettings().document()["warehouse"]}
    sources = {f"{source}.{key}" for source in SOURCES for key in ("schema", "connection_id")}
    assert of_kind("placement") == warehouse | sources | {"fivetran.group_id"}
    assert of_kind("reach_out") == {
        "alerts.email_to", "alerts.slack_url_secret", "alerts.teams_url_secret", "alerts.webhook_url_secret",
    }  # fmt: skip


def test_a_setting_whose_name_is_a_place_is_no_matter_of_meaning() -> None:
    places = {"host", "port", "schema", "database", "project", "dataset", "username", "role", "file", "path"}
    names = {path.rpartition(".")[2] for path in of_kind("meaning")}
    assert names & places == set()
    assert [name for name in names if name.endswith(("_secret", "connection_id"))] == []


def test_a_setting_without_a_kind_is_refused_by_name() -> None:
    class New(Section):
        place: str = setting("x", "A setting that nobody has decided on.")

    with pytest.raises(TypeError, match=r"which kind of setting new\.place is"):
        _kind("new.place", New, New.model_fields["place"])


@pytest.mark.parametrize(
    ("editor", "kinds"),
    [
        (OPERATOR, {"placement", "reach_out", "meaning"}),
        (ADMIN, {"reach_out", "meaning"}),
        (WRITER, {"meaning"}),
        (READER, set()),
        (Editor("op", operator=True, scope="read"), set()),
    ],
)
def test_whoever_edits_may_change_the_kinds_that_are_theirs(editor: Editor, kinds: set[str]) -> None:
    assert {kind for kind in ("placement", "reach_out", "meaning") if editor.may_change(kind)} == kinds  # type: ignore[arg-type]


def test_what_differs_and_is_not_the_editors_is_named() -> None:
    before = CustomerSettings().document()
    after: dict[str, Any] = {**before, "warehouse": {**before["warehouse"], "host": "db"}, "custom_kpis": [1]}
    after["alerts"] = {**before["alerts"], "webhook_url_secret": "HOOK_URL"}
    assert paths_beyond(OPERATOR, before, after) == []
    assert paths_beyond(ADMIN, before, after) == ["warehouse.host"]
    assert paths_beyond(WRITER, before, after) == ["warehouse.host", "alerts.webhook_url_secret"]
    assert paths_beyond(READER, before, after)[-1] == "custom_kpis"
    assert paths_beyond(WRITER, before, before) == []


def test_to_take_out_what_is_stored_is_a_change() -> None:
    holds = CustomerSettings().document()
    stored = {"warehouse": {"schema": "kpi"}}
    assert paths_beyond(WRITER, holds, holds, stored=stored, stated=stored) == []
    assert paths_beyond(WRITER, holds, holds, stored=stored, stated={}) == ["warehouse.schema"]


def test_the_refusal_names_the_settings_and_who_may_change_them() -> None:
    require_none([])
    with pytest.raises(Forbidden) as refused:
        require_none(["warehouse.host", "alerts.webhook_url_secret"])
    assert "Only the operator may change warehouse.host." in refused.value.message
    assert "the scope admin) may change alerts.webhook_url_secret" in refused.value.message
    assert refused.value.details["paths"] == ["warehouse.host", "alerts.webhook_url_secret"]
