"""Match review shows what both sides say of an account, and where they agree."""

import re

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.accounts import add_account
from kpi_platform.dashboard.matches import get_match
from kpi_platform_tests.pipeline.desk import Desk
from kpi_platform_tests.pipeline.marts import MartAccount
from kpi_platform_tests.pipeline.matching import match_accounts
from kpi_platform_tests.web.conftest import Web
from kpi_platform_tests.web.seeding import AS_OF

FACTS = {
    "website": "https://www.quarry.com/home", "region": "Norway", "industry": "Steel", "revenue": 1_200_000.0,
    "csm_name": "Mila Ito", "csm_email": "mila@us.example",
}  # fmt: skip


def desk(configuration: Configuration, engine: sa.Engine) -> Desk:
    made = Desk(configuration, engine, "dune")
    made.load(AS_OF, [MartAccount("001A", "Amber Works", {"nps": 1})])
    return made


def test_both_sides_stand_beside_each_other_and_say_where_they_agree(web: Web) -> None:
    one = desk(web.configuration, web.engine)
    with web.engine.begin() as connection:
        add_account(
            connection, "dune", name="Quarry Holdings Ltd.", website="quarry.com", region="norway",
            industry="Mining", revenue=1_200_000.0,
        )  # fmt: skip
    one.marts(AS_OF, [MartAccount("001Q", "Quarry Holdings", {"nps": 1}, FACTS)])
    match_accounts(web.configuration, web.engine, "dune", AS_OF, mode="manual")

    client = web.client("dune")
    page = client.get("/matches").text
    sides = page.split('<dl class="facts">')[1:]
    source, account = (
        {label: text.strip() for label, text in re.findall(r"<dt>(.*?)</dt><dd>([^<]*)", side)}
        for side in sides
    )
    assert source == {
        "Website": "https://www.quarry.com/home", "Domains": "quarry.com", "Country": "Norway",
        "Industry": "Steel", "Revenue": "1.2 M", "CSM": "Mila Ito", "CSM&#39;s e-mail": "mila@us.example",
    }  # fmt: skip
    assert account["Industry"] == "Mining"
    agreeing = re.findall(r'class="agrees"><dt>(.*?)</dt>', sides[1])
    assert agreeing == ["Website", "Domains", "Country", "Revenue"]
    answer = client.get("/api/matches?state=review").json()["matches"][0]
    assert answer["facts"] == {**FACTS, "domains": ["quarry.com"]}


def test_other_facts_of_the_source_are_shown_after_the_next_matching_and_undo_brings_them_back(
    web: Web,
) -> None:
    one = desk(web.configuration, web.engine)
    with web.engine.begin() as connection:
        add_account(connection, "dune", name="Quarry Holdings Ltd.")
    for industry in ("Steel", "Retail"):
        one.marts(AS_OF, [MartAccount("001Q", "Quarry Holdings", {"nps": 1}, {"industry": industry})])
        match_accounts(web.configuration, web.engine, "dune", AS_OF, mode="manual")
        with web.engine.connect() as connection:
            assert get_match(connection, "dune", "001Q").facts == {"industry": industry}
    client = web.client("dune")
    client.post("/api/matches/001Q", json={"decision": "accept"})
    match_accounts(web.configuration, web.engine, "dune", AS_OF, mode="manual")
    client.post("/api/matches/001Q", json={"decision": "undo"})
    match_accounts(web.configuration, web.engine, "dune", AS_OF, mode="manual")
    with web.engine.connect() as connection:
        assert get_match(connection, "dune", "001Q").facts == {"industry": "Retail"}
