"""The layouts that bundles come in, each as OneRoster: which of its files a file is, and what its columns are called.

OneRoster by the specifications of 1EdTech, CSV tables 1.1 and 1.2; School Data Sync by Microsoft's descriptions of its
CSV file formats v1, v2 and v2.1 (learn.microsoft.com/schooldatasync, November 2026).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from apps.exchange.services.reading import bundle_columns
from schoolops.folding import fold


@dataclass(frozen=True, slots=True)
class Part:
    """One of OneRoster's files inside a file of another layout.

    ``columns``: header there → OneRoster's, two of them parted by a blank; ``own``: OneRoster's own headers are meant
    as well. ``says``: what the file says of every row by being there. ``optional``: columns that this layout need not
    have. ``once``: rows that say what rows before them said are no rows, and neither are those without an id.
    """

    to: str
    columns: Mapping[str, str] = field(default_factory=dict)
    says: Mapping[str, str] = field(default_factory=dict)
    optional: Collection[str] = ()
    once: bool = False
    own: bool = True


@dataclass(frozen=True, slots=True)
class Layout:
    """``files``: name of a file, folded and without its ending → what it is. ``needed``: those that say it is this one;
    ``marks``: (file, header) of which it has one."""

    name: str
    files: Mapping[str, tuple[Part, ...]]
    needed: Collection[str]
    marks: Collection[tuple[str, str]] = ()


# What the columns of OneRoster's own files are called by systems that mean it well.
_ONEROSTER: Final[Mapping[str, Mapping[str, str]]] = {
    "orgs": {"parentOrgSourcedId": "parentSourcedId"},
    "academicSessions": {"beginDate": "startDate", "name": "title", "orgSourcedId": "metadata.orgSourcedId"},
    "courses": {"grade": "grades", "schoolSourcedId": "orgSourcedId", "subject": "subjects", "code": "courseCode"},
    "classes": {
        "grade": "grades", "orgSourcedId": "schoolSourcedId", "termSourcedId": "termSourcedIds", "subject": "subjects",
        "sessionSourcedIds": "termSourcedIds", "code": "classCode",
    },
    "users": {
        "grade": "grades", "agents": "agentSourcedIds", "agentSourcedId": "agentSourcedIds",
        "orgSourcedId": "orgSourcedIds", "firstName": "givenName", "lastName": "familyName", "emailAddress": "email",
    },
    "roles": {"startDate": "beginDate", "roleStartDate": "beginDate", "roleEndDate": "endDate"},
    "enrollments": {"startDate": "beginDate", "orgSourcedId": "schoolSourcedId", "isPrimary": "primary"},
    "demographics": {"userSourcedId": "sourcedId", "birthdate": "birthDate", "gender": "sex"},
}  # fmt: skip
ONEROSTER: Final = Layout(
    "OneRoster",
    {fold(name): (Part(name, _ONEROSTER.get(name, {})),) for name in bundle_columns.FILES if name != "relationships"},
    needed=("users", "classes"),
)

_PERSON: Final = {
    "SIS ID": "sourcedId", "School SIS ID": "orgSourcedIds", "Username": "username", "First Name": "givenName",
    "Last Name": "familyName", "Middle Name": "middleName", "Secondary Email": "email",
}  # fmt: skip
_PLACE: Final = {"Section SIS ID": "classSourcedId", "SIS ID": "userSourcedId"}
_IDS: Final = ("sourcedId",)


def _sds_v1(to: str, columns: Mapping[str, str], **more: Any) -> Part:
    return Part(to, columns, own=False, **more)


SDS_V1: Final = Layout(
    "Microsoft School Data Sync v1",
    {
        "school": (_sds_v1("orgs", {"SIS ID": "sourcedId", "Name": "name"}, says={"type": "school"}),),
        "section": (
            _sds_v1(
                "academicSessions",
                {
                    "Term SIS ID": "sourcedId",
                    "Term Name": "title",
                    "Term StartDate": "startDate",
                    "Term EndDate": "endDate",
                },
                says={"type": "term"},
                once=True,
            ),
            _sds_v1(
                "courses",
                {
                    "Course SIS ID": "sourcedId",
                    "Course Name": "title",
                    "Course Number": "courseCode",
                    "Course Subject": "subjects",
                    "School SIS ID": "orgSourcedId",
                },
                once=True,
            ),
            _sds_v1(
                "classes",
                {
                    "SIS ID": "sourcedId",
                    "School SIS ID": "schoolSourcedId",
                    "Section Name": "title",
                    "Section Number": "classCode",
                    "Course SIS ID": "courseSourcedId",
                    "Term SIS ID": "termSourcedIds",
                },
                says={"classType": "scheduled"},
                optional=("courseSourcedId",),
            ),
        ),
        "student": (
            _sds_v1("users", {**_PERSON, "Student Number": "identifier", "Grade": "grades"}, says={"role": "student"}),
            _sds_v1("demographics", {"SIS ID": "sourcedId", "Birthdate": "birthDate", "Gender": "sex"}),
        ),
        "teacher": (_sds_v1("users", {**_PERSON, "Teacher Number": "identifier"}, says={"role": "teacher"}),),
        "studentenrollment": (_sds_v1("enrollments", _PLACE, says={"role": "student"}, optional=_IDS),),
        "teacherroster": (_sds_v1("enrollments", _PLACE, says={"role": "teacher"}, optional=_IDS),),
        "user": (
            _sds_v1(
                "users",
                {
                    "Email": "sourcedId email",
                    "First Name": "givenName",
                    "Last Name": "familyName",
                    "Phone": "phone",
                },
                says={"role": "guardian"},
            ),
        ),
        "guardianrelationship": (
            _sds_v1(
                "relationships",
                {"SIS ID": "userSourcedId", "Email": "relationshipUserSourcedId", "Role": "relationshipRole"},
            ),
        ),
    },
    needed=("school", "student"),
)

_SDS: Final[Mapping[str, tuple[Part, ...]]] = {
    "orgs": (Part("orgs"),),
    "users": (Part("users", {**_ONEROSTER["users"], "userNumber": "identifier"}),),
    "roles": (
        Part(
            "roles",
            {
                "roleStartDate": "beginDate", "roleEndDate": "endDate", "isPrimary": "roleType", "grade": "grades",
            },
            optional=_IDS,
        ),
    ),
    "academicsessions": (Part("academicSessions"),),
    "courses": (
        Part("courses", {**_ONEROSTER["courses"]}),
    ),
    "classes": (
        Part(
            "classes",
            {"orgSourcedId": "schoolSourcedId", "sessionSourcedIds": "termSourcedIds", "code": "classCode"},
            says={"classType": "scheduled"},
            optional=("courseSourcedId",),
        ),
    ),
    "enrollments": (Part("enrollments", optional=_IDS),),
    "relationships": (Part("relationships"),),
    "demographics": (Part("demographics", _ONEROSTER["demographics"]),),
}  # fmt: skip
SDS_V2_1: Final = Layout(
    "Microsoft School Data Sync v2.1",
    _SDS,
    needed=("orgs", "users", "roles"),
    marks=(
        ("users", "activeDirectoryMatchId"),
        ("roles", "sessionSourcedId"),
        ("roles", "isPrimary"),
        ("classes", "sessionSourcedIds"),
    ),
)
SDS_V2: Final = Layout(
    "Microsoft School Data Sync v2",
    _SDS,
    needed=("orgs", "users"),
    marks=(("users", "activeDirectoryMatchId"), ("classes", "sessionSourcedIds")),
)
# The first that fits is it; a bundle with a manifest is OneRoster's.
LAYOUTS: Final = (SDS_V1, SDS_V2_1, SDS_V2, ONEROSTER)


def parts_of(name: str) -> set[str]:
    """What a file of that name may hold, in any layout."""
    key = fold(name).removesuffix(".csv")
    return {part.to for layout in LAYOUTS for part in layout.files.get(key, ())}


def layout_of(headers: Mapping[str, Collection[str]]) -> Layout | None:
    """Which layout a bundle without a manifest is in: file → its headers, both folded; ``None``: none that is known."""

    def fits(layout: Layout) -> bool:
        marks = [fold(header) in headers.get(file, ()) for file, header in layout.marks]
        return all(file in headers for file in layout.needed) and (not marks or any(marks))

    return next((layout for layout in LAYOUTS if fits(layout)), None)
