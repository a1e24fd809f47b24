"""Values of settings as text: the same for the same value, and nothing of a secret."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ByteSize, Field, Secret, SecretBytes, SecretStr

from platform_assets.settings import DomainSettings
from platform_assets.values import as_json, holds_secrets, shown


class Login(BaseModel):
    """A secret in it."""

    user: str
    password: SecretStr


class Name(BaseModel):
    """No secret in it."""

    first: str
    others: list[str] = []


class Tree(BaseModel):
    """It has itself in it, and beside that a secret."""

    others: list[Tree] = []
    login: Login | None = None


class Bush(BaseModel):
    """It has itself in it, and no secret."""

    others: list[Bush] = []


@pytest.mark.parametrize(
    "kind",
    [
        *(SecretStr, SecretBytes, Secret[int], Login, Tree),
        *(SecretStr | None, list[SecretStr], tuple[SecretStr, ...], tuple[int, SecretBytes], dict[str, SecretStr]),
        *(Annotated[SecretStr, Field(min_length=3)], list[Login], dict[str, list[Login | None]]),
    ],
)
def test_a_secret_is_found_wherever_it_is_in_a_type(kind: Any) -> None:
    assert holds_secrets(kind)


@pytest.mark.parametrize("kind", [int, str | None, Name, Bush, list[Name], dict[str, int], tuple[int, ...], None, Any])
def test_types_without_a_secret_hold_none(kind: Any) -> None:
    assert not holds_secrets(kind)


def test_the_same_value_is_the_same_json_in_whatever_order_it_was_written() -> None:
    names = [f"name-{number}" for number in range(50)]
    assert as_json(frozenset(names)) == as_json(set(names)) == json.dumps(sorted(names))
    assert as_json({"b": 1, "a": {"d": 2, "c": 3}}) == '{"a": {"c": 3, "d": 2}, "b": 1}'
    assert as_json("Zoë") == '"Zoë"'
    assert as_json(timedelta(minutes=5)) == '"PT5M"'


def test_no_secret_is_in_json_nor_in_what_is_shown() -> None:
    for value in (Login(user="me", password=SecretStr("hidden")), "https://me:hidden@host/path", [SecretStr("hidden")]):
        field = DomainSettings.model_fields["start"]
        assert "hidden" not in as_json(value)
        assert "hidden" not in str(shown(field, value))


def test_a_value_is_shown_as_it_would_be_written() -> None:
    field = DomainSettings.model_fields["start"]
    names = [f"name-{number}" for number in range(50)]
    assert shown(field, None) is None
    assert shown(field, "a b") == "a b"
    assert shown(field, ByteSize(1024**3)) == "1.0GiB"
    assert shown(field, {"plays": 0.02}) == '{"plays": 0.02}'
    assert shown(field, frozenset(names)) == json.dumps(sorted(names))
