"""The error of a contract that cannot be carried out."""

from __future__ import annotations

from platform_assets.errors import DeclarationError


class UncompilableRule(DeclarationError):
    """A contract says something that the platform cannot turn into a rule that runs."""
