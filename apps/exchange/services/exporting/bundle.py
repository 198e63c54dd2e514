"""Those rows as a bundle: its files, its manifest, and nothing in them that a spreadsheet would run."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from typing import IO, Any

from apps.access import services as access
from apps.accounts.models import User
from apps.exchange.services.exporting.pages import ROSTER
from apps.exchange.services.exporting.rows import Bundle, Row
from apps.exchange.services.reading import tables
from apps.institutions.models import Institution
from schoolops.audit import trail
from schoolops.audit.trail import SYSTEM

_FORMULA = ("=", "@", "+", "-", "\t", "\r")
_NUMBER_LIKE = re.compile(r"[+-][\d\s().,/x-]*")
HEADERS: Mapping[str, str] = {
    "orgs": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId",
    "academicSessions": (
        "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear,"
        "metadata.orgSourcedId"
    ),
    "courses": (
        "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,"
        "subjectCodes,metadata.homeroom"
    ),
    "classes": (
        "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,"
        "termSourcedIds,subjects,subjectCodes,periods,metadata.capacity,metadata.sectionSourcedId"
    ),
    "users": (
        "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,"
        "email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,preferredMiddleName,"
        "preferredFamilyName,primaryOrgSourcedId,pronouns,metadata.guardianRelations,metadata.guardianAccess"
    ),
    "roles": (
        "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,"
        "userProfileSourcedId"
    ),
    "demographics": (
        "sourcedId,status,dateLastModified,birthDate,sex,americanIndianOrAlaskaNative,asian,blackOrAfricanAmerican,"
        "nativeHawaiianOrOtherPacificIslander,white,demographicRaceTwoOrMoreRaces,hispanicOrLatinoEthnicity,"
        "countryOfBirthCode,stateOfBirthAbbreviation,cityOfBirth,publicSchoolResidenceStatus"
    ),
    "enrollments": (
        "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate,"
        "metadata.rollNumber"
    ),
}
# The rest of what OneRoster knows, so that the manifest says of each that it is not there.
ABSENT = (
    "categories", "classResources", "courseResources", "lineItems", "lineItemLearningObjectiveIds",
    "lineItemScoreScales", "resources", "resultLearningObjectiveIds", "results", "resultScoreScales", "scoreScales",
    "userProfiles", "userResources",
)  # fmt: skip


def safe(value: object) -> str:
    """A cell that no spreadsheet runs as a formula, and that reads back as it was."""
    said = "" if value is None else str(value)
    return f"'{said}" if said.startswith(_FORMULA) and not _NUMBER_LIKE.fullmatch(said) else said


def bundle_file(*, by: User) -> IO[bytes]:
    """The bundle as an open file, to be read from its start and closed by who sends it. Raises as ``export_bundle``."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
    try:
        export_bundle(into=file, by=by)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def export_bundle(*, into: IO[bytes], by: User | None, institution: Institution | None = None) -> dict[str, int]:
    """Write the roster as a OneRoster 1.2 bundle; file → rows. ``by=None`` is the command line, for an operator.

    Raises:
        PermissionMissing.
    """
    if by is not None:
        access.require_everywhere(by, ROSTER)
    counted: dict[str, int] = {}
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as target:
        for name, rows in Bundle(institution, by=by).files().items():
            counted[name] = 0
            with target.open(_entry(name), "w", force_zip64=True) as file:
                file.write(f"{HEADERS[name]}\r\n".encode())
                for piece in tables.written_csv(_counted(rows, name, counted)):
                    file.write(piece)
        said = [("manifest.version", "1.0"), ("oneroster.version", "1.2")]
        said += [(f"file.{name}", "bulk" if counted.get(name) else "absent") for name in sorted((*HEADERS, *ABSENT))]
        said += [("source.systemName", "SchoolOps"), ("source.systemCode", "schoolops")]
        with target.open(_entry("manifest"), "w") as file:
            file.write(b"propertyName,value\r\n" + b"".join(tables.written_csv(said)))
    _say_so(by, institution, {"files": counted})
    return counted


def _counted(rows: Iterator[Row], name: str, into: dict[str, int]) -> Iterator[list[str]]:
    for row in rows:
        into[name] += 1
        yield [safe(cell) for cell in row]


def _entry(name: str) -> zipfile.ZipInfo:
    # Always the same moment, so that the same roster is the same file.
    entry = zipfile.ZipInfo(f"{name}.csv", (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _say_so(by: User | None, institution: Institution | None, after: Mapping[str, Any]) -> None:
    subject = institution or Institution.objects.order_by("pk").first()
    if subject is not None:
        trail.record(by or SYSTEM, "exchange.roster-exported", subject, after=after)
