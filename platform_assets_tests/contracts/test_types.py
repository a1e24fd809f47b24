"""Contracts as a type checker sees them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTRACTS = '''
from typing import Annotated

from platform_assets.contracts.compiled import compiled
from platform_assets.contracts.contract import Contract, Field, RawContract, T, source


class Sales(Contract):
    """Sales."""

    day: T.DateType = Field(description="Day")
    total: Annotated[T.DecimalType, 18, 2] = Field(ge=0, description="Total")
    tags: Annotated[T.ArrayType, T.StringType(), True] = Field(description="Tags")

    class Config:
        unique = ["day"]
        columns_agree = {"rules": {"total_is_positive": "total > 0"}}


class RawSales(RawContract):
    """Delivered sales."""

    total: Annotated[T.DecimalType, 18, 2] = source("total", required=True, description="Total")


reveal_type(compiled(Sales).key)
compiled(RawSales).colums
'''


def test_contracts_are_typed_and_mistakes_in_their_use_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "sales.py"
    path.write_text(CONTRACTS, encoding="utf-8")
    words = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(path)]
    said = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    assert [line.split(": ", 1)[1] for line in said.splitlines()[:-1]] == [
        'note: Revealed type is "tuple[str, ...]"',
        'error: "CompiledContract" has no attribute "colums"; maybe "columns"?  [attr-defined]',
    ]
