"""People's text is compared by ``schoolops.folding`` alone: whatever else changes case says here why it may."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from config.env import BASE_DIR
from tests.architecture import source

METHODS = {"lower", "upper", "casefold", "swapcase", "title", "capitalize"}
FUNCTIONS = {"Lower", "Upper", "Collate"}
LOOKUPS_OF_CASE = ("iexact", "icontains", "istartswith", "iendswith", "iregex", "lower", "upper")
LOOKUPS = re.compile(rf"\w+__({'|'.join(LOOKUPS_OF_CASE)})$")
IN_SQL = re.compile(r"\b(lower|upper|casefold|unaccent|initcap)\s*\(|\b(ILIKE|CITEXT)\b")

# File → (how often, whose words are compared there, or what else the case is changed for).
ALLOWED = {
    "schoolops/folding.py": (2, "the fold itself"),
    "apps/accounts/models.py": (2, "of two logins that read the same the one that is written so"),
    "apps/accounts/selectors.py": (1, "a language tag: ASCII, by its standard"),
    "apps/accounts/services/second_factor.py": (1, "a code of ours, folded first: it is hashed in capitals"),
    "schoolops/resilience/providers.py": (1, "words of a provider’s programs"),
    "apps/office/operators/admin.py": (1, "the name of a host: ASCII, by its standard"),
    "apps/office/shell/happened.py": (1, "words of ours"),
    "apps/office/setup/pages/beginning.py": (1, "writes a grade’s code in capitals"),
    "apps/accounts/api/authentication.py": (1, "the name of an HTTP scheme"),
    "apps/demo/services/rosters.py": (1, "makes a username"),
    "apps/demo/services/schools.py": (3, "makes a number and a title"),
    "apps/demo/services/volume.py": (3, "makes names and numbers"),
    "apps/exchange/services/reading/archive.py": (3, "names of files in an archive"),
    "apps/exchange/services/reading/cells.py": (1, "writes a grade’s code in capitals"),
    "apps/exchange/services/reading/parts.py": (6, "names of parts and types of a workbook"),
    "apps/exchange/services/bank/receiving.py": (1, "how a file's name ends"),
    "apps/exchange/services/marks/receiving.py": (1, "how a file's name ends"),
    "apps/exchange/services/receiving.py": (3, "how a file's name ends"),
    "apps/reports/selectors/cards.py": (1, "a code of ours: ASCII"),
    "schoolops/api/idempotency.py": (1, "the name of a header"),
    "schoolops/api/schema.py": (2, "an HTTP method"),
    "schoolops/gateways/stripe.py": (4, "the code of a currency"),
    "schoolops/observability/alerts.py": (1, "the name of an alert"),
    "schoolops/pdf/words.py": (1, "a language tag"),
    "schoolops/queues/desk/letters.py": (2, "an operator looks for a piece of an error"),
    "schoolops/tenancy/cells.py": (1, "the name of a host: ASCII, by its standard"),
    "schoolops/tenancy/lifecycle.py": (1, "the name of a host: ASCII, by its standard"),
    "schoolops/tenancy/middleware.py": (1, "the name of a host"),
    "schoolops/tenancy/models.py": (1, "the name of a host"),
}


# One of these stands in whatever changes case.
WORDS = (
    *(f".{method}" for method in METHODS), *FUNCTIONS, *(f"__{lookup}" for lookup in LOOKUPS_OF_CASE),
    "lower", "upper", "casefold", "unaccent", "initcap", "ILIKE", "CITEXT",
)  # fmt: skip


def changes_of_case(program: ast.Module) -> Iterator[str]:
    """What a program changes the case of text with, or compares without it."""
    for node in ast.walk(program):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            yield f".{node.func.attr}()"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
            yield node.func.id
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "str":
            if node.attr in METHODS:
                yield f"str.{node.attr}"
        elif isinstance(node, ast.keyword) and node.arg and LOOKUPS.match(node.arg):
            yield node.arg
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and (LOOKUPS.match(node.value) or IN_SQL.search(node.value))
        ):
            yield node.value[:60]


def _programs() -> Iterator[Path]:
    for folder in ("apps", "schoolops"):
        yield from (each for each in (BASE_DIR / folder).rglob("*.py") if "migrations" not in each.parts)


def test_people_s_text_is_compared_by_the_fold() -> None:
    found: Counter[str] = Counter()
    said = {}
    for path, program in source.parsed(_programs(), *WORDS):
        name = str(path.relative_to(BASE_DIR))
        said[name] = list(changes_of_case(program))
        found[name] = len(said[name])
    wrong = {name: said[name] for name in said if found[name] != ALLOWED.get(name, (0, ""))[0]}
    assert wrong == {}, "compare by schoolops.folding, or say above why not"
    assert ALLOWED.keys() <= said.keys()


def test_what_changes_case_is_found() -> None:
    planted = """
known = {each.casefold(): each for each in words}
rows = User.objects.filter(email__iexact=email).filter(**{"name__icontains": said})
rows = rows.alias(_name=Lower("name")).order_by(Upper("name"))
cursor.execute("SELECT 1 FROM person WHERE lower(name) = %s OR name ILIKE %s")
sorted(names, key=str.lower)
"""
    assert sorted(changes_of_case(ast.parse(planted))) == sorted(
        [
            ".casefold()", "email__iexact", "name__icontains", "Lower", "Upper",
            "SELECT 1 FROM person WHERE lower(name) = %s OR name ILIKE %s"[:60], "str.lower",
        ]
    )  # fmt: skip
