"""The first hour with the API goes as its page says, block by block."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.env import BASE_DIR, inherited
from tests.smoke.stack import fresh_stack

PAGE = BASE_DIR / "docs" / "how-to" / "api-first-hour.md"
BLOCK = re.compile(r"^```bash\n(?P<code>.*?)^```\n(?:\n```text\n(?P<said>.*?)^```\n)?", re.DOTALL | re.MULTILINE)
MARK = "== end of block"


@dataclass(frozen=True, slots=True)
class Block:
    code: str
    said: str

    def agrees(self, output: str) -> bool:
        """Whether ``output`` is what the page promises, ``…`` standing for anything on its line."""
        pattern = re.escape(self.said.strip()).replace(re.escape("…"), ".+")
        return re.fullmatch(pattern, output.strip()) is not None


def blocks() -> Iterator[Block]:
    for found in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        yield Block(found["code"], found["said"] or "")


def test_every_block_says_what_the_page_says(tmp_path: Path) -> None:
    page = list(blocks())
    assert len(page) > 8
    script = "set -euo pipefail\n" + "".join(f"{block.code}\necho '{MARK}'\n" for block in page)
    with fresh_stack(own_servers=True, programs=["web"], WEB_WORKERS="1") as up:
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env={**inherited(), "BASE": f"http://127.0.0.1:{up.port}", "NO_PROXY": "*"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    outputs = done.stdout.split(f"{MARK}\n")
    for block, output in zip(page, outputs, strict=False):
        if block.said:
            assert block.agrees(output), f"{block.code}\nsaid:\n{output}\ninstead of:\n{block.said}\n{done.stderr}"
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(outputs) == len(page) + 1


@pytest.mark.parametrize("wrong", ["Elm Academy\n", "Oak School\nand more\n", ""])
def test_a_block_that_says_something_else_is_found(wrong: str) -> None:
    first = next(blocks())
    assert first.agrees("Oak School\n")
    assert not first.agrees(wrong)
