"""A setting's value as text: as it is written, as it is recorded, and whether nobody may see it."""

from __future__ import annotations

import json
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ByteSize, Secret, SecretBytes, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python
from pydantic_settings import NoDecode

from platform_assets.masking import without_secrets


def holds_secrets(annotation: Any, seen: tuple[Any, ...] = ()) -> bool:
    """Whether a type is a secret, or has one somewhere in it."""
    kind = get_origin(annotation) or annotation
    if not isinstance(kind, type) or annotation in seen:
        inner: tuple[Any, ...] = get_args(annotation)
    elif issubclass(kind, (SecretStr, SecretBytes, Secret)):
        return True
    elif issubclass(kind, BaseModel):
        inner = tuple(field.annotation for field in kind.model_fields.values())
    else:
        inner = get_args(annotation)
    return annotation not in seen and any(holds_secrets(one, (*seen, annotation)) for one in inner)


def as_json(value: object) -> str:
    """A value as JSON, the same for the same value."""
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=str)
    plain = without_secrets(to_jsonable_python(value, fallback=str))
    return json.dumps(plain, ensure_ascii=False, sort_keys=True)


def shown(field: FieldInfo, value: object) -> str | None:
    """A setting's value as it would be written; secrets are masked."""
    if value is None or (field.is_required() and value is field.default):
        return None
    if isinstance(value, ByteSize):
        return value.human_readable()
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=str)
    plain = without_secrets(to_jsonable_python(value, fallback=str))
    if NoDecode in field.metadata and isinstance(plain, list):
        return ",".join(map(str, plain))
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)
