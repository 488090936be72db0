"""The page of uploads: which of them is shown."""

import re
from datetime import timedelta

from kpi_platform_tests.pipeline.marts import MartAccount
from kpi_platform_tests.web.api.test_dashboard import LoadedDesk
from kpi_platform_tests.web.conftest import Web
from kpi_platform_tests.web.pages.test_pages import HTML
from kpi_platform_tests.web.seeding import AS_OF


def test_after_a_back_fill_the_newest_data_is_what_is_shown(web: Web) -> None:
    desk = LoadedDesk(web.configuration, web, "acme")
    for days, nps in ((0, 10), (7, 20), (-7, 30)):
        desk.load(AS_OF + timedelta(days=days), [MartAccount("001A", "Acme One", {"nps": nps})])
    page = web.client("acme", **HTML).get("/uploads").text
    heads = re.findall(r'<th scope="row" class="num">(v\d)(.*?)</th>', page)
    said = {version: re.sub(r"<[^>]+>", "", text).strip() for version, text in heads}
    assert said == {"v3": "history only", "v2": "shown now", "v1": ""}
