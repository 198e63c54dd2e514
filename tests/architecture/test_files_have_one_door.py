"""What rows name is written and deleted by ``schoolops.files`` alone, in the folder of the school."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from django.core.files.storage import default_storage

from schoolops.files import sweeping
from tests.architecture import source

FILES = frozenset({"attachment", "photo", "logo", "file", "pdf"})
# Measure the disk, and remove a school's whole folder when it is purged.
KNOW_THE_FOLDER = {
    "config/settings/base.py", "config/env.py", "schoolops/health/machine.py", "schoolops/health/doctor.py",
    "schoolops/tenancy/lifecycle.py",
}  # fmt: skip
# Long lists on paper: sealed, called by their job's number, for a day; then the sweep finds them too.
NAMED_BY_NO_ROW = {"apps/reports/services/printing.py"}


def _faults(code: str) -> Iterator[str]:
    if "storage" not in code and not any(f".{name}" in code for name in FILES):
        return
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("django.core.files.storage"):
            yield f"{node.lineno}: imports a storage"
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        of = node.func.value
        called = of.attr if isinstance(of, ast.Attribute) else of.id if isinstance(of, ast.Name) else ""
        if node.func.attr in {"save", "delete"} and (
            "storage" in called or (isinstance(of, ast.Attribute) and called in FILES)
        ):
            yield f"{node.lineno}: {called}.{node.func.attr}"


def test_nobody_else_writes_or_deletes_what_rows_name() -> None:
    for path in source.files():
        name, code = source.name_of(path), path.read_text()
        if not name.startswith("schoolops/files/"):
            assert (list(_faults(code)) != []) == (name in NAMED_BY_NO_ROW), name
            assert "MEDIA_ROOT" not in code or name in KNOW_THE_FOLDER, name


@pytest.mark.parametrize(
    "code",
    [
        "student.photo.save('x.png', content, save=False)",
        "row.file.delete()",
        "student.photo.storage.delete(name)",
        "storage.save(name, content)",
        "from django.core.files.storage import default_storage",
        "from django.core.files.storage import storages",
    ],
)
def test_who_would_is_found(code: str) -> None:
    assert list(_faults(code))


def test_each_file_a_row_can_name_is_known_and_lies_in_its_schools_folder(in_oak: object) -> None:
    found = sweeping.fields()
    assert {field for _, field in found} == FILES
    for model, name in found:
        field = model._meta.get_field(name)
        assert field.storage is default_storage
        assert field.generate_filename(model(), "x.png").startswith(f"{in_oak.schema_name}/")  # type: ignore[attr-defined]
        # Two UUIDs, a name and the longest of schools' folders.
        assert field.max_length >= 200
