from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.landed import column_key, find_columns, find_schema, find_table, landed_name
from kpi_platform.domain.sources import SOURCE_TABLES

ACCOUNT = SOURCE_TABLES["salesforce"][0]
CHANGE_REQUEST = next(table for table in SOURCE_TABLES["servicenow"] if table.name == "change_request")
api_names = st.from_regex(r"[A-Z][A-Za-z0-9]{0,8}(_[A-Z][a-z0-9]{0,6}){0,3}(__c)?", fullmatch=True)


@given(api_names)
def test_an_api_name_and_its_landed_form_are_one_field(name: str) -> None:
    assert column_key(landed_name(name)) == column_key(name)
    assert landed_name(landed_name(name)) == landed_name(name)


def test_api_names_land_as_fivetran_writes_them() -> None:
    assert landed_name("NPS_Score__c") == "nps_score_c"
    assert landed_name("AnnualRevenue") == "annual_revenue"
    assert landed_name("Product2") == "product_2"


def test_the_mapped_spelling_wins_over_another_column_with_the_same_key() -> None:
    columns = {"npsscore_c": "double", "nps_score_c": "double", "NPS_Score__c": "text"}
    assert find_columns(columns, ["NPS_Score__c"])["npsscorec"].name == "NPS_Score__c"
    del columns["NPS_Score__c"]
    assert find_columns(columns, ["NPS_Score__c"])["npsscorec"].name == "nps_score_c"
    assert find_columns(columns, ["npsscore_c"])["npsscorec"].name == "npsscore_c"


@given(st.permutations(["id", "ID", "Id", "i_d"]))
def test_which_of_two_spellings_is_taken_does_not_depend_on_their_order(names: list[str]) -> None:
    assert find_columns(dict.fromkeys(names, "text"), [])["id"].name == "i_d"


def test_a_table_is_found_in_every_spelling_and_its_own_is_preferred() -> None:
    def found(*names: str) -> str | None:
        landed = {name: {"Id": "text"} for name in names}
        return find_table(ACCOUNT, "s", landed, mapped=[]).identifier

    assert found("Account") == "Account"
    assert found("ACCOUNT", "account", "Account") == "account"
    assert found("accounts") is None
    table = find_table(CHANGE_REQUEST, "s", {"ChangeRequest": {}}, mapped=[])
    assert table.identifier == "ChangeRequest"


def test_tables_have_one_layout_when_they_are_read_alike() -> None:
    def layout(columns: dict[str, str], fields: dict[str, str], decimal: str = "point") -> str:
        found = find_table(ACCOUNT, "s", {"account": columns}, mapped=[])
        return str(found.var(fields, {"decimal": decimal})["layout"])

    one = layout({"id": "text", "name": "text"}, {"nps_score": "nps"})
    assert one == layout({"name": "text", "id": "text"}, {"nps_score": "nps"})
    assert one != layout({"id": "text", "name": "integer"}, {"nps_score": "nps"})
    assert one != layout({"id": "text", "name": "text"}, {"nps_score": "score"})
    assert one != layout({"id": "text", "name": "text"}, {"nps_score": "nps"}, "comma")


def test_a_schema_is_found_ignoring_case_but_exactly_first() -> None:
    assert find_schema({"SALESFORCE": {}, "salesforce": {}}, "salesforce") == "salesforce"
    assert find_schema({"SALESFORCE": {}}, "salesforce") == "SALESFORCE"
    assert find_schema({}, "salesforce") is None
