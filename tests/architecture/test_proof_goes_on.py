"""``make proof`` tries all that it has: what is red, or cannot be tried here, hides nothing else."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from config.env import BASE_DIR

EVERYTHING = 11


def proved(folder: Path, codes: str) -> tuple[int, list[str]]:
    """The exit code, and what was asked of a Python that runs nothing. ``codes``: of a shell's ``case``."""
    python, said = folder / "python", folder / "said"
    python.write_text(f'#!/bin/sh\necho "$*" >>{said}\ncase "$*" in {codes} esac\n', encoding="utf-8")
    python.chmod(0o755)
    # What `make test` was told is not for this one; and no environment is made, least of all by such a Python.
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(
        ["make", "--old-file=environment", "proof", f"PY={python}", "PYTHON=false"],
        cwd=BASE_DIR, env=alone, capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode, said.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("red", ["*", "*tests.planted*", "*pytest*", "*tests.attack*", "*benchmarks.schools*"])
def test_what_is_red_keeps_nothing_else_from_being_tried(tmp_path: Path, red: str) -> None:
    code, said = proved(tmp_path, f"{red}) exit 1;;")
    assert code
    assert len([each for each in said if re.match(r"-m (tests|benchmarks)\.|-m pytest", each)]) == EVERYTHING
    # What compares stretches that are minutes apart goes on beside nothing.
    alone = ("tests/cache/test_faults.py", "tests.attack", "benchmarks.schools")
    assert [name in each for name, each in zip(alone, said[-3:], strict=True)] == [True] * 3


def test_a_row_that_this_machine_cannot_try_is_said_and_is_not_red(tmp_path: Path) -> None:
    code, said = proved(tmp_path, "*tests.failures*) exit 2;;")
    assert (code, len(said)) == (0, EVERYTHING)
