"""Every way a job can come to harm, what must become of it, and the test that does that harm for real.

The table is for whoever wonders "and what if …": each line names tests that exist, or this fails. What all of them
cannot think of, ``make chaos`` tries.
"""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Harm:
    """``tests`` are ``file::function`` below ``tests/``; those in the files of ``make proof`` run there."""

    what: str
    becomes: str
    tests: tuple[str, ...]


W, O, R = "queues/test_workers.py", "queues/test_outcomes.py", "queues/test_relay.py"  # noqa: E741
F, I, P = "queues/test_whatever_fails.py", "queues/test_idempotency_key.py", "chaos/test_killed_postgres.py"  # noqa: E741
L, K = "queues/test_leased_and_outside.py", "queues/test_web_killed.py"
B, M, S = (
    "queues/test_a_broker_that_refuses.py",
    "queues/test_letters_leave_after_the_commit.py",
    "queues/test_a_school_in_trouble.py",
)
D, A, E = "queues/test_desk.py", "queues/test_jobs_api.py", "queues/test_enqueue.py"

TABLE = (
    # --- around the request ---
    Harm("web killed before its commit", "nothing was written", (
        f"{K}::test_a_web_process_killed_around_its_commit_leaves_both_or_neither",
    )),
    Harm("web killed after its commit, before its answer", "asked again, it replays the stored answer", (
        f"{K}::test_a_web_process_killed_after_its_commit_and_before_its_answer_is_asked_again_and_replays_it",
    )),
    Harm("a request sent twice, or twice at once", "done once; replayed, or 409", (
        f"{I}::test_the_second_time_it_is_answered_and_not_done",
        f"{I}::test_while_the_first_is_in_flight_the_second_waits_outside",
    )),
    Harm("more jobs than the ledger takes", "503 with Retry-After, per school and in all", (
        f"{A}::test_a_full_ledger_is_a_503_that_says_when_to_come_back_and_nothing_was_written",
        f"{R}::test_too_many_waiting_are_refused_until_they_are_fewer",
    )),
    # --- relay and broker ---
    Harm("relay killed", "the standby leads and publishes a window again", (
        f"{W}::test_a_leading_relay_that_is_killed_is_followed_by_the_one_that_stands_by",
        f"{R}::test_one_leads_and_the_other_stands_by_until_the_leader_is_gone",
    )),
    Harm("two leaders, a message delivered twice", "the second delivery finds no row", (
        f"{R}::test_two_leaders_publish_twice_and_the_work_is_done_once",
        f"{O}::test_two_deliveries_at_once_do_the_work_once",
    )),
    Harm("broker killed without persistence", "enqueueing goes on; published again", (
        f"{R}::test_a_broker_that_is_killed_and_forgets_everything_loses_no_job",
        f"{A}::test_with_the_broker_away_jobs_are_accepted_and_monitoring_is_told",
    )),
    Harm("broker flushed", "published again", (f"{R}::test_a_broker_that_is_flushed_loses_no_job",)),
    Harm("broker full", "jobs wait in the ledger", (f"{R}::test_a_broker_that_is_full_loses_no_job",)),
    Harm("broker silent, or stopped for a while", "enqueueing goes on", (
        f"{R}::test_a_broker_that_does_not_answer_stops_nobody_from_enqueueing",
        f"{R}::test_a_broker_that_is_stopped_and_goes_on_loses_no_job",
    )),
    Harm("message lost between broker and worker; host and journal lost", "published again after its lease", (
        f"{R}::test_a_message_that_a_worker_took_to_its_grave_is_published_after_its_lease",
    )),
    Harm("broker refuses to write: MISCONF, OOM, READONLY, NOREPLICAS, NOPERM; answers garbled", (
         "workers stay and come back; readiness, queues, doctor and alert say why"), (
        f"{B}::test_an_answer_of_error_is_a_connection_that_comes_back",
        f"{B}::test_readiness_queues_and_doctor_say_that_it_refuses_and_why",
        f"{B}::test_workers_outlive_a_broker_that_refuses_and_a_stopped_one_is_named",
    )),
    Harm("broker refuses one queue's list", "that queue waits in the ledger, the others go on, nothing is doubled", (
        f"{B}::test_a_list_that_is_refused_keeps_no_other_queue_waiting_and_doubles_nothing_there",
    )),
    Harm("a stranger's value under one of our keys, or words in one of our lists", "set aside, or passed over", (
        f"{B}::test_a_key_of_ours_that_a_stranger_took_is_set_aside_and_stops_nobody",
        f"{B}::test_words_of_strangers_end_no_relay_and_no_overview",
    )),
    Harm("broker evicts jobs (maxmemory-policy), or is a replica", "production does not start, readiness says it", (
        f"{B}::test_a_policy_that_evicts_jobs_is_said_by_readiness",
        "redis/test_boot_check.py::test_a_policy_that_evicts_jobs_is_refused",
        "redis/test_boot_check.py::test_a_replica_is_refused",
    )),
    Harm("garbage in the broker: no JSON, {}, [], no headers, bad body, bad ETA, pickle, unknown task", "set aside", (
        f"{W}::test_garbage_in_the_broker_stops_no_worker",
    )),
    Harm("fetched for ever in vain", "dead letter no_outcome, by fetches and never by time", (
        f"{R}::test_a_job_that_never_comes_to_anything_lies_on_the_desk",
        f"{R}::test_what_was_fetched_and_lost_over_and_over_is_counted_by_fetches",
    )),
    Harm("a night without workers", "everything waits; nothing is buried, or published twice", (
        f"{R}::test_a_night_without_workers_buries_nobody_and_publishes_nothing_twice",
        f"{S}::test_a_night_without_workers_buries_nobody",
    )),
    Harm("a queue without a worker, a worker that stands still", "named within a minute, alert QueueUnmanned", (
        f"{B}::test_a_queue_without_a_worker_and_one_that_stands_still_are_named",
        f"{B}::test_a_worker_beats_from_its_boot_on_until_it_is_told_to_end",
    )),
    Harm("the leader stands still", "its session is ended, and with it its lead", (
        f"{R}::test_a_leader_that_stands_still_loses_the_lead",
    )),
    Harm("a job holds its row for long", "relay and other schools pass it over; nobody is buried who is at work", (
        f"{R}::test_a_job_that_holds_its_row_holds_up_neither_relay_nor_another_school",
        f"{S}::test_a_stuck_job_keeps_nobody_waiting",
    )),
    Harm("a connection of ours past the settings: no TLS, no limits", "there is none", (
        f"{R}::test_every_connection_of_ours_is_encrypted_as_the_settings_say_and_waits_for_nobody",
        f"{R}::test_nothing_opens_a_connection_past_the_one_place_that_limits_it",
    )),
    # --- workers ---
    Harm("worker killed in a job", "effect and end roll back together; the job is a suspect and runs again", (
        f"{W}::test_a_worker_killed_with_its_effect_written_and_not_committed",
        f"{W}::test_a_worker_killed_just_after_the_commit",
        f"{R}::test_a_worker_that_begins_is_given_at_once_what_its_predecessor_had",
    )),
    Harm("child killed in a job", "the same, and its sibling goes on", (
        f"{W}::test_a_child_killed_with_a_job_in_hand_while_its_sibling_goes_on",
    )),
    Harm("a death reported twice", "counted once", (f"{W}::test_a_death_that_is_reported_twice_is_counted_once",)),
    Harm("a job that kills its process, on threads and on prefork", "dead letter poison, alone", (
        f"{W}::test_a_job_that_kills_its_process_is_buried_alone",
        f"{R}::test_a_suspect_goes_to_the_quarantine_alone",
    )),
    Harm("SIGTERM", "what runs is finished, what was fetched goes back", (
        f"{W}::test_sigterm_lets_what_runs_be_finished_and_loses_nothing_that_was_fetched",
    )),
    Harm("worker stopped, wakes up late, leased", "fenced by its token", (
        f"{W}::test_a_worker_that_was_stopped_wakes_up_late_and_is_fenced",
        f"{L}::test_a_worker_that_wakes_up_late_is_fenced",
    )),
    Harm("lease lost, then fails, waits, is refused or reports a death", "decides nothing about the job", (
        f"{L}::test_whoever_lost_the_lease_decides_nothing_about_the_job",
        f"{L}::test_a_death_that_is_told_late_takes_no_lease_from_whoever_works_now",
    )),
    Harm("published by code from before or after an upgrade, to come the other way in", "handed back, done once", (
        f"{L}::test_a_message_that_names_the_other_way_in_is_handed_back_and_the_job_is_done_once",
    )),
    Harm("worker stopped, wakes up late, in one transaction", "its lock keeps others out until the database ends it", (
        f"{W}::test_a_stopped_worker_keeps_others_from_the_job_until_the_database_ends_it",
    )),
    # --- the body ---
    Harm("exception, also unpicklable, speechless, Reject, Ignore, Retry; SystemExit, KeyboardInterrupt, MemoryError",
         "tried again later, then dead letter exhausted with every try", (
        f"{F}::test_it_is_a_failed_try_and_at_last_a_dead_letter",
        f"{O}::test_a_failing_job_is_tried_again_later_and_then_lies_on_the_desk_whole",
    )),
    Harm("an expected refusal", "discarded with its reason, where the task says so; else dead letter refused", (
        f"{O}::test_an_expected_refusal_is_discarded_with_its_reason_and_pages_nobody",
        f"{O}::test_a_refusal_of_what_is_no_notice_waits_for_a_person",
    )),
    Harm("in a body: the ledger full, a mail server away, a lock held", "waits all day, costs no try, refuses no row", (
        f"{O}::test_what_is_away_costs_no_try_and_is_waited_for",
        f"{O}::test_a_lock_that_somebody_holds_costs_no_try_and_does_not_keep_the_connection",
        "apps/access/test_inviting_many.py::test_an_outage_leaves_nobody_out_and_the_next_try_goes_on",
        "apps/exchange/test_stopping.py::test_an_outage_is_no_error_of_a_row",
    )),
    Harm("too long, on threads: sleeping, computing, in the database", "stopped; dead letter timeout", (
        f"{O}::test_a_timeout_stops_the_work_whatever_it_is_doing",
        f"{O}::test_a_query_is_cancelled_at_the_limit_and_not_seconds_later",
    )),
    Harm("too long and deaf, on prefork", "its process is killed; dead letter timeout", (
        f"{W}::test_work_that_hears_nothing_is_killed_and_has_failed_by_its_time",
    )),
    Harm("too long and deaf, on threads", "its connection is cut; too many of them end the process", (
        f"{W}::test_threads_that_hear_nothing_are_cut_off_and_end_their_process_when_they_are_too_many",
    )),
    Harm("what it leaves is no JSON", "a failed try", (f"{F}::test_what_it_leaves_must_be_json",)),
    Harm("writing the failure fails", "the row is live", (
        f"{O}::test_when_writing_the_failure_fails_the_job_is_still_there",
    )),
    Harm("unknown task", "waits for code that knows it, then dead letter unknown_task", (
        f"{O}::test_an_unknown_task_waits_for_code_that_knows_it_and_then_lies_on_the_desk",
    )),
    Harm("payload of older or newer code", "read, or waited for, or dead letter payload_refused", (
        f"{F}::test_what_older_code_wrote_is_read_by_newer_code_that_gives_the_new_argument_a_default",
        f"{O}::test_newer_codes_payload_waits_for_newer_code",
        f"{O}::test_a_payload_the_task_no_longer_accepts_lies_on_the_desk_by_field",
    )),
    Harm("a payload that the ledger could not give back: NUL, half a character, NaN, 2⁶³", "refused by field", (
        f"{E}::test_what_the_ledger_could_not_give_back_is_refused_by_field",
    )),
    Harm("provider times out, or its caller dies", "outcome_unknown, or called again with the same key", (
        f"{L}::test_a_call_outside_is_made_at_most_once",
        f"{L}::test_a_crash_while_calling_outside_asks_a_person",
        f"{L}::test_a_process_killed_over_its_time_while_calling_outside_does_not_call_twice",
        f"{P}::test_what_was_being_sent_is_not_sent_again_but_asked_about",
        f"{L}::test_what_was_certainly_not_sent_is_tried_again",
        f"{F}::test_a_provider_that_takes_keys_is_given_the_same_one_at_every_try",
    )),
    Harm("a letter before its link is committed, a call from inside a transaction", "refused by construction", (
        f"{M}::test_the_link_works_when_the_letter_arrives",
        f"{M}::test_nothing_leaves_from_inside_a_transaction",
        f"{M}::test_a_letter_whose_worker_died_is_not_sent_again",
    )),
    # --- the database, schools, clocks, people ---
    Harm("PostgreSQL killed", "503; a job in hand is as it was", (
        f"{P}::test_a_request_is_refused_and_then_done_once",
        f"{P}::test_a_job_in_hand_is_as_it_was",
        f"{O}::test_a_database_that_goes_away_leaves_the_job_as_it_was",
    )),
    Harm("PostgreSQL killed just after a commit that did not wait for the disk", "effect and end vanish together", (
        f"{P}::test_effect_and_end_of_a_commit_that_never_reached_the_disk_vanish_together",
        f"{P}::test_what_is_money_is_on_disk",
    )),
    Harm("school suspended", "dead letter school_suspended", (
        f"{O}::test_a_suspended_schools_job_lies_on_the_desk_and_goes_back",
    )),
    Harm("school given up, or dropped", "dead letter unknown_school", (
        f"{O}::test_a_school_that_is_gone_leaves_its_jobs_on_the_desk",
    )),
    Harm("one school floods", "another's job waits for a few of it, and for what workers have fetched", (
        f"{R}::test_a_flooding_school_does_not_keep_another_waiting",
        f"{R}::test_a_window_is_shared_evenly",
        f"{R}::test_who_comes_late_is_next_but_one_in_a_line_that_another_fills",
        f"{R}::test_a_school_alone_whose_jobs_take_their_time_has_no_more_out_than_the_window",
        "queues/test_fairness.py::test_each_job_waits_for_a_few_of_each_other_school_whatever_anybody_has",
        "queues/test_a_slow_mail_server.py::test_a_slow_mail_server_costs_no_letter_no_link_and_no_other_school",
    )),
    Harm("one school's jobs hang", "others go before them, and one connection stays theirs", (
        f"{R}::test_a_school_whose_jobs_do_not_end_lets_another_go_first",
        f"{R}::test_what_waits_in_line_makes_no_school_slow",
        f"{S}::test_a_stuck_school_keeps_no_other_waiting",
    )),
    Harm("one school's requests wait for a lock", "its circuit, not that of others, and never the server's", (
        "resilience/test_route_groups.py::test_what_one_school_waits_for_is_answered_at_another",
        "resilience/test_route_groups.py::test_a_server_that_is_lost_refuses_everybody_and_one_answer_says_it_is_back",
    )),
    Harm("a pooler in transaction mode, a replica, a clock that differs", "production does not start, nobody reads", (
        "tenancy/test_forbidden_databases.py::test_production_does_not_start_behind_one",
        "tenancy/test_forbidden_databases.py::test_a_server_that_takes_no_writes_and_a_clock_that_differs_are_named",
        "tenancy/test_forbidden_databases.py::test_a_connection_whose_backend_changes_ends_all_reading_of_this_process",
    )),
    Harm("another school's role", "permission denied, in every table of the ledger", (
        f"{E}::test_oaks_role_reads_no_row_of_the_ledger_and_writes_none",
        f"{E}::test_a_role_cannot_speak_for_another_school",
        "queues/test_doors.py::test_whatever_another_school_asks_it_learns_and_changes_nothing",
        f"{I}::test_one_school_never_sees_anothers_answer",
    )),
    Harm("a clock steps", "leases do not move, ticks do not repeat", (
        f"{R}::test_a_clock_that_is_wrong_moves_no_lease",
        "queues/test_schedule.py::test_a_clock_that_steps_back_repeats_nothing",
        "queues/test_schedule.py::test_a_clock_that_was_a_year_ahead_stops_no_schedule",
        "queues/test_schedule.py::test_a_beat_goes_by_the_clock_of_the_database",
    )),
    Harm("two beats, no beat for a while", "each tick once, a missed one caught up once", (
        "queues/test_schedule.py::test_a_tick_is_there_once_though_two_beat",
        "queues/test_schedule.py::test_missed_ticks_are_caught_up_once",
    )),
    Harm("a dead letter sent back twice, or discarded meanwhile", "one job, under its own id, or none", (
        f"{D}::test_pressing_retry_twice_is_safe",
        f"{D}::test_what_two_do_with_one_letter_at_once_only_one_has_done",
        f"{D}::test_a_retried_job_keeps_its_id_and_has_all_its_tries",
        f"{D}::test_tries_go_on_counting_when_a_letter_comes_back",
        f"{D}::test_what_took_processes_down_comes_back_as_a_suspect",
    )),
)  # fmt: skip


@functools.cache
def functions_of(path: Path) -> set[str]:
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("harm", TABLE, ids=[harm.what for harm in TABLE])
def test_somebody_does_this_harm_for_real(harm: Harm) -> None:
    assert harm.tests
    for name in harm.tests:
        file, function = name.split("::")
        assert function in functions_of(HERE / file), f"{harm.what}: there is no {name}"
