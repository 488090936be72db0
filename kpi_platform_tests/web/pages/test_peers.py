"""The account page and the API say where an account stands among its peers."""

from kpi_platform_tests.pipeline.desk import T1
from kpi_platform_tests.pipeline.marts import MartAccount
from kpi_platform_tests.web.api.test_dashboard import LoadedDesk
from kpi_platform_tests.web.conftest import Web


def test_an_account_stands_among_the_accounts_of_its_industry(web: Web) -> None:
    desk = LoadedDesk(web.configuration, web, "acme")
    desk.load(
        T1,
        [
            MartAccount(
                f"001{place}", f"Works {place}", {"nps": float(10 * place), "resolution_time": float(place)},
                {"industry": "Steel"}, {"health_score": float(10 * place), "coverage": 1.0},
            )
            for place in range(5)
        ],
    )  # fmt: skip
    client = web.client()
    found = {one["name"]: one["id"] for one in client.get("/api/accounts").json()["accounts"]}
    best = client.get(f"/api/accounts/{found['Works 4']}").json()
    assert best["health_peers"] == {"industry": "Steel", "accounts": 5, "median": 20.0, "percentile": 90.0}
    assert best["kpi_peers"]["nps"]["percentile"] == 90.0
    assert best["kpi_peers"]["resolution_time"]["percentile"] == 10.0
    page = client.get(f"/accounts/{found['Works 4']}").text
    assert "Median of 5 accounts in Steel" in page
    assert "better than 90% of them" in page
