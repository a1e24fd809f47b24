"""What people are told of real runs and checks, of whatever kind."""

import dagster as dg

from platform_assets.automation.reports import Reports
from platform_assets.registry import catalog_of
from platform_assets_tests.support.office import FOUND, HISTORY, HITS, STATS, Office, check
from platform_assets_tests.support.settings import DOMAINS, settings_for


def test_a_failed_run_is_told_with_domain_table_days_rules_and_link(office: Office) -> None:
    office.errors[HITS] = dg.Failure(FOUND)
    run = office.run(HITS, STATS, first="2026-01-02", last="2026-01-05")
    assert office.look() == "notices sent: 1"
    (heard,) = office.listener.heard
    assert heard["title"] == f"{HITS} failed on 2026-01-02...2026-01-05"
    assert heard["type"] == "failure"
    assert heard["message"].splitlines()[:-2] == [
        f"{HITS} failed on 2026-01-02...2026-01-05.",
        *FOUND.splitlines(),
        f"http://ui/runs/{run}",
    ]


def test_an_error_that_nobody_foresaw_is_told_without_its_traceback(office: Office) -> None:
    office.errors[HITS] = ValueError("no such thing")
    office.run(HITS, first="2026-01-02")
    office.look()
    (heard,) = office.listener.heard
    assert heard["message"].splitlines()[1] == "ValueError: no such thing"
    assert "Traceback" not in heard["message"]


def test_nothing_is_told_of_what_was_before_the_first_look(office: Office) -> None:
    office.errors[HITS] = dg.Failure(FOUND)
    office.run(HITS, first="2026-01-02")
    office.instance.report_runless_asset_event(check("known", passed=False))
    office.cursor = None
    office.look()
    office.look(minutes=61)
    assert office.listener.heard == []
    del office.errors[HITS]
    office.run(HITS, first="2026-01-02")
    office.look()
    assert office.listener.heard == []


def test_twenty_five_failures_within_an_hour_are_one_notice_a_count_and_one_recovery(office: Office) -> None:
    office.errors[HITS] = dg.Failure(FOUND)
    for number in range(25):
        office.run(HITS, first="2026-01-02")
        if number % 5 == 0:
            office.look(minutes=1)
    office.look()
    assert office.listener.titles == [f"{HITS} failed on 2026-01-02"]
    office.look(minutes=60)
    assert office.listener.titles[1:] == [f"{HITS} failed on 2026-01-02"]
    assert "It failed 24 times, the last time like this." in office.listener.heard[1]["message"]
    del office.errors[HITS]
    office.run(HITS, first="2026-01-02")
    office.look()
    assert office.listener.titles[2:] == [f"{HITS} recovered"]
    assert office.listener.heard[2]["type"] == "success"


def test_twenty_five_failures_that_are_found_together_are_one_notice(office: Office) -> None:
    office.errors[HITS] = dg.Failure(FOUND)
    for _ in range(25):
        office.dies(HITS, first="2026-01-02")
    office.look()
    office.look(minutes=61)
    (heard,) = office.listener.heard
    assert "It failed 25 times, the last time like this." in heard["message"]


def test_a_range_that_failed_is_well_when_its_days_were_built_by_any_runs_also_by_failed_ones(office: Office) -> None:
    office.errors[HITS] = dg.Failure(FOUND)
    office.run(HITS, first="2026-01-02", last="2026-01-04")
    office.look()
    office.errors = {STATS: dg.Failure("of another table")}
    office.run(HITS, STATS, first="2026-01-02", last="2026-01-03")
    office.look()
    assert office.listener.titles[1:] == [f"{STATS} failed on 2026-01-02...2026-01-03"]
    office.run(HITS, first="2026-01-04")
    office.look()
    assert office.listener.titles[2:] == [f"{HITS} recovered"]


def test_a_table_without_days_fails_and_recovers_as_a_whole(office: Office) -> None:
    office.errors[HISTORY] = dg.Failure(FOUND)
    office.run(HISTORY)
    office.look()
    del office.errors[HISTORY]
    office.run(HISTORY)
    office.look()
    assert office.listener.titles == [f"{HISTORY} failed", f"{HISTORY} recovered"]


def test_a_run_that_died_is_told_with_all_that_it_was_about_to_build(office: Office) -> None:
    run = office.dies(HITS, STATS, HISTORY, first="2026-01-02")
    office.look()
    assert sorted(office.listener.titles) == [f"{HISTORY} failed", f"{STATS}, {HITS} failed on 2026-01-02"]
    message = next(one["message"] for one in office.listener.heard if HITS in one["message"])
    assert "The run died, and none of its steps has failed: the machine was switched off" in message
    assert message.count(f"http://ui/runs/{run}") == 1
    office.run(HITS, STATS, first="2026-01-02")
    office.look()
    assert office.listener.titles[2:] == [f"{STATS}, {HITS} recovered"]


def test_a_run_whose_process_was_killed_is_told_with_how_it_ended(office: Office) -> None:
    run = office.instance.create_run_for_job(office.definitions.resolve_job_def("all_of_them"))
    for said in (
        "Started process for run (pid: 7).",
        f"Run execution process for {run.run_id} was terminated: no memory",
    ):
        office.instance.report_engine_event(said, run)
    office.instance.report_run_failed(run)
    office.look()
    messages = [one["message"] for one in office.listener.heard]
    assert [message for message in messages if "was terminated: no memory" in message] == messages != []


def test_a_run_over_all_that_a_job_has_names_what_it_had_not_built_when_it_died(office: Office) -> None:
    built = office.instance.all_logs(office.run(HISTORY), of_type=dg.DagsterEventType.STEP_SUCCESS)[0]
    job = office.definitions.resolve_job_def("all_of_them")
    run = office.instance.create_run_for_job(job, tags={"dagster/partition": "2026-01-02"})
    office.instance.report_dagster_event(built.get_dagster_event(), run.run_id)
    office.instance.report_run_failed(run, "gone")
    office.look()
    assert office.listener.titles == [f"{STATS}, {HITS} failed on 2026-01-02"]


def test_a_run_of_which_only_its_assets_are_known_names_them_when_it_died(office: Office) -> None:
    office.died(HITS, **{"dagster/partition": "2026-01-02"})
    office.look()
    assert office.listener.titles == [f"{HITS} failed on 2026-01-02"]


def test_a_run_over_what_is_no_day_is_told_without_days(office: Office) -> None:
    office.died(HITS, **{"dagster/partition": "north"})
    office.look()
    assert office.listener.titles == [f"{HITS} failed"]


def test_a_run_that_died_with_nothing_left_to_build_is_told_by_its_job(office: Office) -> None:
    @dg.job
    def weekly() -> None: ...

    office.instance.report_run_failed(office.instance.create_run_for_job(weekly), "gone")
    built = office.run(HISTORY)
    office.look()
    run = office.instance.get_run_by_id(built)
    assert run
    office.instance.report_run_failed(run, "gone")
    office.look()
    assert office.listener.titles == ["weekly failed", "runs without a job failed"]
    weekly.execute_in_process(instance=office.instance)
    office.run(HISTORY)
    office.look()
    assert office.listener.titles[2:] == ["weekly recovered", "runs without a job recovered"]


def test_a_run_that_died_and_is_tried_again_by_itself_is_no_news_unless_that_dies_too(office: Office) -> None:
    office.dies(HITS, first="2026-01-02", will_retry=True)
    office.look()
    assert office.listener.heard == []
    office.dies(HITS, first="2026-01-02")
    office.look()
    assert office.listener.titles == [f"{HITS} failed on 2026-01-02"]


def test_a_run_that_died_and_went_well_when_it_was_tried_again_is_no_news_unless_it_failed_again(
    office: Office,
) -> None:
    office.dies(HITS, first="2026-01-02")
    office.run(HITS, first="2026-01-02")
    office.look()
    assert office.listener.titles == []
    office.errors[HITS] = dg.Failure(FOUND)
    office.dies(HITS, first="2026-01-03")
    office.run(HITS, first="2026-01-03")
    office.look()
    assert office.listener.titles == [f"{HITS} failed on 2026-01-03"]


def test_a_run_that_somebody_has_stopped_is_no_failure_whatever_its_steps_say(office: Office) -> None:
    office.errors[HISTORY] = dg.Failure(FOUND)
    interrupted = office.instance.all_logs(office.run(HISTORY), of_type=dg.DagsterEventType.STEP_FAILURE)[0]
    office.look()
    job = office.definitions.resolve_implicit_global_asset_job_def()
    run = office.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    office.instance.report_dagster_event(interrupted.get_dagster_event(), run.run_id)
    office.instance.report_run_canceled(run)
    office.look(minutes=61)
    assert office.listener.titles == [f"{HISTORY} failed"]


def test_a_step_of_a_job_without_tables_is_told_by_its_name(office: Office) -> None:
    errors = [dg.Failure("no room"), None]

    @dg.op
    def vacuum() -> None:
        if error := errors.pop(0):
            raise error

    @dg.job
    def weekly() -> None:
        vacuum()

    for _ in (1, 2):
        weekly.execute_in_process(instance=office.instance, raise_on_error=False)
        office.look()
    assert office.listener.titles == ["weekly/vacuum failed", "weekly/vacuum recovered"]


def test_a_check_that_warns_is_told_with_what_it_found_and_when_it_passes_again(office: Office) -> None:
    office.found[f"{HITS}: known"] = dg.AssetCheckSeverity.WARN
    office.run(HITS, first="2026-01-02")
    office.look()
    (heard,) = office.listener.heard
    assert heard["title"] == f"{HITS}: the check known warned on 2026-01-02"
    assert heard["type"] == "warning"
    assert "known found 2 rows" in heard["message"]
    office.found.clear()
    office.run(HITS, first="2026-01-03")
    office.look()
    assert office.listener.titles[1:] == [f"{HITS}: the check known passes again"]


def test_a_check_that_stops_a_table_is_told_with_it_and_not_once_more(office: Office) -> None:
    office.found[f"{HITS}: known"] = dg.AssetCheckSeverity.ERROR
    office.errors[HITS] = dg.Failure(FOUND)
    office.run(HITS, first="2026-01-02")
    office.look()
    assert office.listener.titles == [f"{HITS} failed on 2026-01-02"]
    del office.errors[HITS]
    office.run(HITS, first="2026-01-03")
    office.look()
    assert office.listener.titles[1:] == [f"{HITS}: the check known failed on 2026-01-03"]
    assert office.listener.heard[1]["type"] == "failure"


def test_of_a_table_that_failed_warnings_and_checks_that_pass_again_are_told_too(office: Office) -> None:
    office.errors[HITS] = dg.Failure(FOUND)
    office.found[f"{HITS}: known"] = dg.AssetCheckSeverity.WARN
    office.run(HITS, first="2026-01-02")
    office.look()
    (heard,) = office.listener.heard
    assert heard["title"] == f"Failed: {HITS}, {HITS}: known"
    assert "known found 2 rows" in heard["message"]
    office.found.clear()
    office.run(HITS, first="2026-01-02")
    office.look()
    assert office.listener.titles[1:] == [f"{HITS}: the check known passes again"]


OF_THE_PLAN = ("up_to_date", "late_rows", "no_missing_days")


def test_of_checks_about_what_is_due_nobody_is_told(office: Office) -> None:
    office.found |= {f"{HITS}: {name}": dg.AssetCheckSeverity.WARN for name in OF_THE_PLAN}
    office.run(HITS, first="2026-01-02")
    office.instance.report_runless_asset_event(check("up_to_date", passed=False))
    office.look()
    assert office.listener.heard == []


def test_a_check_that_no_run_has_made_is_told_once_and_when_it_passes(office: Office) -> None:
    office.instance.report_runless_asset_event(check("known", passed=False))
    office.look()
    office.look(minutes=61)
    assert office.listener.titles == [f"{HITS}: the check known warned"]
    office.instance.report_runless_asset_event(check("known", passed=True))
    office.look()
    assert office.listener.titles[1:] == [f"{HITS}: the check known passes again"]


def test_that_days_wait_for_somebody_to_decide_is_told_and_when_they_do_no_more(office: Office) -> None:
    office.instance.report_runless_asset_event(check("up_to_date", passed=False, for_people=2))
    office.look()
    assert office.listener.titles == [f"{HITS}: the check up_to_date warned"]
    office.instance.report_runless_asset_event(check("up_to_date", passed=False, for_people=0))
    office.look()
    assert office.listener.titles[1:] == [f"{HITS}: the check up_to_date passes again"]


def test_that_days_are_missing_is_told_when_no_run_has_found_it(office: Office) -> None:
    office.instance.report_runless_asset_event(check("no_missing_days", passed=False))
    office.look()
    assert office.listener.titles == [f"{HITS}: the check no_missing_days warned"]


def test_a_check_that_fails_without_a_word_has_failed(office: Office) -> None:
    office.instance.report_runless_asset_event(check("known", passed=False, said=None))
    office.look()
    (heard,) = office.listener.heard
    assert heard["title"] == f"{HITS}: the check known warned"
    assert "It did not pass." in heard["message"]


def test_what_was_told_of_a_check_is_not_told_again_when_the_check_was_gone_for_a_while(office: Office) -> None:
    reports = Reports(office.instance, catalog_of(DOMAINS, settings_for()))
    office.instance.report_runless_asset_event(check("known", passed=False))
    key = dg.AssetCheckKey(dg.AssetKey(HITS.split("/")), "known")
    (told,), number = reports.of_checks([key], -1)
    assert (told.table, told.check) == (HITS, "known")
    assert reports.of_checks([], number) == reports.of_checks([key], number) == ([], number)
