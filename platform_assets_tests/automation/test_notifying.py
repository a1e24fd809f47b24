"""The sensor `notices`: how it reads, sends, remembers and goes on, with real runs and somebody who listens."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from platform_assets.automation import notifying
from platform_assets.automation.notifying import notices_sensor
from platform_assets.definitions import build_definitions
from platform_assets.registry import catalog_of
from platform_assets_tests.support.office import FOUND, HISTORY, HITS, STATS, Office
from platform_assets_tests.support.services.listener import listening
from platform_assets_tests.support.settings import settings_for


def test_what_a_receiver_refuses_is_sent_again_in_order_and_lost_by_nobody(office: Office) -> None:
    with listening() as other:
        office.receivers = (office.listener.url, other.url)
        office.look()
        office.errors = {HITS: dg.Failure("first"), HISTORY: dg.Failure("second")}
        office.listener.status = 503
        office.run(HITS, first="2026-01-02")
        assert office.look() == "notices sent: 1; not taken by receiver 1 of 2: 1"
        office.run(HISTORY)
        office.look()
        assert office.look() == "notices sent: 0; not taken by receiver 1 of 2: 2"
        assert len(office.listener.refused) == 3
        assert office.listener.heard == []
        assert len(other.heard) == 2
        office.listener.status = 200
        office.look()
        office.look()
        assert office.listener.titles == other.titles == [f"{HITS} failed on 2026-01-02", f"{HISTORY} failed"]


def test_a_receiver_that_is_slow_keeps_no_other_waiting_and_ends_the_look_in_time(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifying, "_ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(notifying, "_SENDING_SECONDS", 0.5)
    with listening() as slow:
        slow.seconds = 3
        office.receivers = (slow.url, office.listener.url)
        office.look()
        office.errors = {name: dg.Failure(name) for name in (HITS, HISTORY)}
        office.run(HITS, first="2026-01-02")
        office.run(HISTORY)
        assert office.look() == "notices sent: 2; not taken by receiver 1 of 2: 2"
        slow.seconds = 0
        assert office.look() == "notices sent: 2"
        assert slow.titles[-2:] == office.listener.titles


def test_no_more_is_sent_when_the_time_is_over(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifying, "_SENDING_SECONDS", 0.0)
    office.errors[HITS] = dg.Failure(FOUND)
    office.run(HITS, first="2026-01-02")
    assert office.look() == "notices sent: 0; not taken by receiver 1 of 1: 1"
    assert office.listener.refused == office.listener.heard == []


def test_runs_for_which_there_is_no_time_are_looked_at_the_next_time(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.errors = {name: dg.Failure(name) for name in (HITS, STATS, HISTORY)}
    for name in (HITS, STATS):
        office.run(name, first="2026-01-02")
    office.run(HISTORY)
    seconds = iter(range(1000))
    shown = SimpleNamespace(time=notifying.time.time, monotonic=lambda: next(seconds) * 6.0)
    with monkeypatch.context() as patched:
        patched.setattr(notifying, "_SENDING_SECONDS", 1e9)
        patched.setattr(notifying, "time", shown)
        office.look()
    assert office.listener.titles == [f"Failed: {HITS}, {STATS}"]
    office.look()
    office.look()
    assert office.listener.titles[1:] == [f"{HISTORY} failed"]


def test_pages_of_events_are_read_to_their_end_in_the_order_in_which_they_came(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifying, "_PAGE", 3)
    monkeypatch.setattr("platform_assets.automation.notices._MOST_SEEN", 0)
    office.errors[HITS] = dg.Failure(FOUND)
    for _ in range(7):
        office.run(HITS, first="2026-01-02")
    del office.errors[HITS]
    office.run(HITS, first="2026-01-02")
    for _ in range(4):
        office.look()
    assert office.listener.titles == [f"{HITS} failed on 2026-01-02", f"{HITS} recovered"]


def test_a_look_that_is_killed_before_its_end_is_made_again(office: Office) -> None:
    office.errors[HITS] = dg.Failure(FOUND)
    office.run(HITS, first="2026-01-02")
    office.look(keeps=False)
    office.look()
    office.look()
    assert office.listener.titles == [f"{HITS} failed on 2026-01-02"] * 2


def test_an_event_that_was_committed_late_is_told_of(office: Office) -> None:
    office.errors = {HITS: dg.Failure("first"), HISTORY: dg.Failure("second")}
    office.run(HITS, first="2026-01-02")
    fetch = office.instance.fetch_run_status_changes
    office.run(HISTORY)
    newest = fetch(dg.DagsterEventType.RUN_FAILURE, limit=1).records[0].storage_id

    def only_the_newest(wanted: Any, *arguments: Any, **words: Any) -> Any:
        page = fetch(wanted, *arguments, **words)
        return page._replace(records=[one for one in page.records if one.storage_id == newest])

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(office.instance, "fetch_run_status_changes", only_the_newest)
        office.look()
    assert office.listener.titles == [f"{HISTORY} failed"]
    office.look()
    office.look()
    assert office.listener.titles[1:] == [f"{HITS} failed on 2026-01-02"]


def test_runs_that_are_gone_from_the_instance_are_passed_over(office: Office) -> None:
    office.errors[HITS] = dg.Failure(FOUND)
    run = office.run(HITS, first="2026-01-02")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(office.instance, "get_run_by_id", lambda run_id: None if run_id == run else run)
        office.look()
    office.look()
    assert office.listener.heard == []


def of_location(name: str) -> Any:
    return SimpleNamespace(location_name=name)


@pytest.mark.parametrize(("its", "is_ours"), [("ours", True), ("another", False), (None, True)])
def test_runs_of_other_code_locations_are_for_these_to_tell(its: str | None, is_ours: bool) -> None:
    context: Any = SimpleNamespace(code_location_origin=of_location("ours"))
    origin = its and SimpleNamespace(repository_origin=SimpleNamespace(code_location_origin=of_location(its)))
    run: Any = SimpleNamespace(remote_job_origin=origin)
    assert notifying._is_ours(context, run) is is_ours


def test_a_cursor_that_is_none_of_its_own_is_told_and_begun_anew(
    office: Office, capfd: pytest.CaptureFixture[str]
) -> None:
    office.cursor = '{"troubles": 3}'
    office.look()
    assert "it begins anew" in capfd.readouterr().err
    assert office.state.troubles == {}


def test_no_secret_is_in_the_cursor_nor_in_what_the_sensor_says(office: Office) -> None:
    office.receivers = (f"json://user:hidden-password@127.0.0.1:{office.listener.port}/hidden-path",)
    office.listener.status = 500
    office.errors[HITS] = dg.Failure(FOUND)
    office.run(HITS, first="2026-01-02")
    said = office.look()
    assert "hidden" not in (office.cursor or "") + said
    assert str(office.listener.port) not in (office.cursor or "") + said


@pytest.mark.parametrize(("given", "names"), [({}, []), ({"notify": ("json://127.0.0.1:1/",)}, ["notices"])])
def test_the_sensor_is_there_when_somebody_is_to_be_told(given: Mapping[str, Any], names: list[str]) -> None:
    sensors = build_definitions(settings_for(**given), []).sensors or []
    assert [one.name for one in sensors if one.name == "notices"] == names


@pytest.mark.parametrize("status", list(dg.DefaultSensorStatus))
def test_the_sensor_is_on_or_off_as_is_said(status: dg.DefaultSensorStatus) -> None:
    settings = settings_for(notify=("json://127.0.0.1:1/",))
    assert notices_sensor(catalog_of([], settings), settings, status).default_status == status
