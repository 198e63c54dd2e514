"""The columns of a OneRoster bundle that we read, 1.1 and 1.2 together; others are passed over."""

from __future__ import annotations

from apps.exchange.services.reading.cells import (
    Column,
    birthday,
    day,
    email,
    grade,
    number,
    school_year,
    text,
    word,
    yes_or_no,
)

_ID = text(255)
_STATUS = word("active", "tobedeleted", also={"inactive": "tobedeleted"})
_ORG = word(
    "department", "school", "district", "local", "state", "national",
    also={"college": "school", "university": "school", "campus": "school", "region": "local", "other": "local"},
)  # fmt: skip
_MALE = {"m": "male", "f": "female", "x": "other", "boy": "male", "girl": "female"}
RELATIONS = ("mother", "father", "grandparent", "step-parent", "foster-parent", "guardian", "other")
ROLES = (
    "administrator", "aide", "counselor", "districtAdministrator", "guardian", "parent", "principal", "proctor",
    "relative", "siteAdministrator", "staff", "student", "systemAdministrator", "teacher",
)  # fmt: skip
# As School Data Sync has them.
_ROLES = word(*ROLES, also={"faculty": "teacher", "other": "relative"})
_RELATION = word(
    *RELATIONS,
    also={"parent": "guardian", **dict.fromkeys(("relative", "aide", "doctor", "child", "administrator"), "other")},
)


def _c(header: str, parse: object = text(200), *, required: bool = False, many: bool = False, to: str = "") -> Column:
    return Column(header, to or header, parse, required=required, many=many)  # type: ignore[arg-type]


_FIRST = (_c("sourcedId", _ID, required=True), _c("status", _STATUS), _c("dateLastModified", text(40)))

FILES: dict[str, tuple[Column, ...]] = {
    "orgs": (
        *_FIRST,
        _c("name", required=True),
        _c("type", _ORG, required=True),
        _c("identifier", text(20)),
        _c("parentSourcedId", _ID),
    ),
    "academicSessions": (
        *_FIRST,
        _c("title", text(60), required=True),
        _c("type", word("gradingPeriod", "semester", "schoolYear", "term"), required=True),
        _c("startDate", day, required=True),
        _c("endDate", day, required=True),
        _c("parentSourcedId", _ID),
        _c("schoolYear", school_year),
        _c("metadata.orgSourcedId", _ID),
    ),
    "courses": (
        *_FIRST,
        _c("schoolYearSourcedId", _ID),
        _c("title", required=True),
        _c("courseCode", text(40)),
        _c("grades", grade, many=True),
        _c("orgSourcedId", _ID),
        _c("subjects", text(100), many=True),
        _c("subjectCodes", text(40), many=True),
        _c("metadata.homeroom", yes_or_no),
    ),
    "classes": (
        *_FIRST,
        _c("title", required=True),
        _c("grades", grade, many=True),
        _c("courseSourcedId", _ID, required=True),
        _c("classCode", text(60)),
        _c("classType", word("homeroom", "scheduled"), required=True),
        _c("location", text(60)),
        _c("schoolSourcedId", _ID, required=True),
        _c("termSourcedIds", _ID, many=True),
        _c("subjects", text(100), many=True),
        _c("subjectCodes", text(40), many=True),
        _c("metadata.capacity", number(9999)),
        _c("metadata.sectionSourcedId", _ID),
    ),
    "users": (
        *_FIRST,
        _c("enabledUser", yes_or_no),
        _c("orgSourcedIds", _ID, many=True),
        _c("primaryOrgSourcedId", _ID),
        _c("role", _ROLES),
        _c("username", text(150)),
        _c("givenName", text(100), required=True),
        _c("familyName", text(100)),
        _c("middleName", text(100)),
        _c("identifier", text(40)),
        _c("email", email),
        _c("sms", text(40)),
        _c("phone", text(40)),
        _c("agentSourcedIds", _ID, many=True),
        _c("grades", grade, many=True),
        _c("preferredGivenName", text(100)),
        _c("metadata.guardianRelations", word(*RELATIONS), many=True, to="relations"),
        _c("metadata.guardianAccess", yes_or_no, many=True, to="access"),
    ),
    "roles": (
        *_FIRST,
        _c("userSourcedId", _ID, required=True),
        _c("roleType", word("primary", "secondary", also={"true": "primary", "false": "secondary"})),
        _c("role", _ROLES, required=True),
        _c("beginDate", day),
        _c("endDate", day),
        _c("orgSourcedId", _ID),
        _c("grades", grade, many=True),
    ),
    "enrollments": (
        *_FIRST,
        _c("classSourcedId", _ID, required=True),
        _c("schoolSourcedId", _ID),
        _c("userSourcedId", _ID, required=True),
        _c("role", word("administrator", "aide", "proctor", "student", "teacher"), required=True),
        _c("primary", yes_or_no),
        _c("beginDate", day),
        _c("endDate", day),
        _c("metadata.rollNumber", number(9999)),
    ),
    "demographics": (
        *_FIRST,
        _c("birthDate", birthday),
        _c("sex", word("male", "female", "unspecified", "other", also=_MALE)),
    ),
    # Of School Data Sync alone.
    "relationships": (
        _c("userSourcedId", _ID, required=True),
        _c("relationshipUserSourcedId", _ID, required=True),
        _c("relationshipRole", _RELATION),
    ),
}

# What OneRoster has and a school office does not ask for.
PASSED_OVER = frozenset(
    {
        "subjects", "subjectCodes", "periods", "userIds", "password", "userMasterIdentifier", "preferredMiddleName",
        "preferredFamilyName", "pronouns", "userProfileSourcedId", "americanIndianOrAlaskaNative", "asian",
        "blackOrAfricanAmerican", "nativeHawaiianOrOtherPacificIslander", "white", "demographicRaceTwoOrMoreRaces",
        "hispanicOrLatinoEthnicity", "countryOfBirthCode", "stateOfBirthAbbreviation", "cityOfBirth",
        "publicSchoolResidenceStatus", "courseCode", "resources",
    }
)  # fmt: skip
