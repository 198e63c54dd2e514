"""``make audit`` says clean of what was asked about, and of nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from config.audit import CLEAN, NOT_RUN, WEAK, told

PINS = ("django==5.2.19", "pillow==11.0.0")
KNOWN = {"name": "django", "version": "5.2.19", "vulns": []}


def written(*found: dict[str, Any]) -> str:
    return json.dumps({"dependencies": list(found), "fixes": []})


def test_it_is_clean_when_nothing_is_known_against_any_pin() -> None:
    assert told(PINS, written(KNOWN, {"name": "pillow", "version": "11.0.0", "vulns": []})) == (
        CLEAN, ["nothing is known against the 2 packages that are pinned"],
    )  # fmt: skip


def test_a_known_weakness_is_named_with_what_mends_it() -> None:
    weak = {"name": "pillow", "version": "11.0.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["11.1.0"]}]}
    assert told(PINS, written(KNOWN, weak)) == (WEAK, ["pillow 11.0.0: PYSEC-1, mended in 11.1.0"])


@pytest.mark.parametrize(
    ("text", "complaint", "said"),
    [
        ("", "ERROR:pip_audit._cli:Could not connect", "not run: ERROR:pip_audit._cli:Could not connect"),
        ("", "", "not run: pip-audit said nothing"),
        ("[]", "", "not run: pip-audit said nothing"),
        # As pip-audit writes of an index without advisories; it calls this “No known vulnerabilities found”, with 0.
        (written(KNOWN, {"name": "pillow", "skip_reason": "not found"}), "",
         "not run: nothing was told of 1 of 2, pillow first (not found)"),
        (written(KNOWN), "", "not run: nothing was told of 1 of 2, pillow first"),
    ],
)  # fmt: skip
def test_what_was_not_asked_about_is_not_clean(text: str, complaint: str, said: str) -> None:
    assert told(PINS, text, complaint) == (NOT_RUN, [said])
