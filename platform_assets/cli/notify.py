"""The command notify: a notice by hand, to see that it comes."""

from __future__ import annotations

from typing import Annotated

import typer

from platform_assets.cli.terminal import Problem, end_with, say

_TITLE, _TEXT = "platform_assets: a notice by hand", "Notices of failed runs, checks and recovery come here."
_ANSWER_SECONDS = 15.0


def notify(text: Annotated[str, typer.Argument(help="What it says.")] = _TEXT) -> None:
    """Send a notice to the receivers of PLATFORM_NOTIFY.

    So that you see whether it comes. They are told by their numbers, as their URLs are secret. Exit code 1 when one of
    them does not take it.
    """
    from platform_assets.receivers import Receiver
    from platform_assets.settings import current

    urls = current().notify
    if not urls:
        raise Problem("PLATFORM_NOTIFY is not set, so there is nobody to be told (https://appriseit.com/services).")
    refused = []
    for number, url in enumerate(urls, 1):
        if Receiver(url.get_secret_value()).takes(_TITLE, text, "success", _ANSWER_SECONDS):
            say(f"receiver {number} of {len(urls)} has taken it")
        else:
            refused.append(
                f"Receiver {number} of {len(urls)} has not taken it: see that the URL in PLATFORM_NOTIFY is right, and "
                "that its service answers."
            )
    end_with(refused)
