"""What Dagster is shown of a table's columns."""

from platform_assets.assets.publication import column_schema
from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import Contract, Field, T


class Pages(Contract):
    """Pages of a day."""

    day: T.DateType = Field(description="Day")
    page: T.StringType = Field(nullable=True, str_length={"min_value": 1}, description="Page")

    class Config:
        unique = ["day", "page"]


class Days(Contract):
    """Days."""

    day: T.DateType = Field(description="Day")
    visits: T.LongType = Field(ge=1, description="Visits")

    class Config:
        unique = ["day"]


def test_only_a_column_that_is_the_whole_key_is_shown_as_unique() -> None:
    def unique(contract: type[Contract]) -> dict[str, bool]:
        return {column.name: column.constraints.unique for column in column_schema(compiled(contract)).columns}

    assert unique(Pages) == {"day": False, "page": False}
    assert unique(Days) == {"day": True, "visits": False}


def test_a_column_is_shown_with_its_type_its_meaning_and_its_rules() -> None:
    _, page = column_schema(compiled(Pages)).columns
    assert (page.name, page.type, page.description, page.constraints.nullable) == ("page", "string", "Page", True)
    assert page.constraints.other == ["`page` has a length that is at least 1"]
    assert not column_schema(compiled(Days)).columns[1].constraints.nullable
