"""What was got out of it once, or brought it down, step by step from outside. A step returns what is open, or nothing.

Each begins with what must be possible: where that fails the step raises, and what cannot be tried counts as open.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.attack.steps import doors, families, forms, gateways, machine, offices, records
from tests.attack.target import Target

Step = Callable[[Target], str]
STEPS: dict[str, Step] = {
    each.__name__.replace("_", " "): each
    for each in (
        records.filters_of_the_office, records.merging_lifts_no_restriction, records.a_past_day,
        records.a_role_at_one_campus, records.a_barred_contact, records.a_key_after_the_permission,
        doors.tomorrows_administrator, doors.whoever_waits_has_a_turn, doors.every_request_is_counted,
        doors.numbers_and_texts, doors.odd_pictures, doors.bodies_in_chunks, doors.the_longest_key,
        doors.the_familys_pages, families.what_families_write, families.a_calendars_secret,
        families.what_is_not_theirs_to_ask, families.another_familys_bill,
        gateways.what_a_gateway_reports, gateways.what_the_card_gateway_writes, gateways.who_publishes_results,
        offices.where_a_gateway_is, offices.a_banks_file, offices.the_words_of_a_message,
        offices.which_facts_are_sent, offices.what_goes_with_an_announcement,
        forms.many_rows_at_once, forms.what_a_worker_changes, forms.what_a_tab_was_typing,
        machine.a_purge_leaves_nothing, machine.nothing_outside_the_schema, machine.a_merged_login_at_the_next_start,
        machine.what_is_killed_comes_again,
    )
}  # fmt: skip


def tried(target: Target, steps: dict[str, Step], say: Callable[[str], None] = print) -> dict[str, str]:
    """Step → what is open."""
    found = {}
    for name, step in steps.items():
        try:
            why = step(target)
        except Exception as unexpected:  # noqa: BLE001 - a step that cannot be tried counts as open
            why = f"could not be tried: {unexpected!r}"[:600]
        say(f"{'OPEN  ' if why else 'shut  '} {name} {why}".rstrip())
        if why:
            found[name] = why
    return found
