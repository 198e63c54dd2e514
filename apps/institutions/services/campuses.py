"""Institutions: what they are called, where they are in time and money, and what they look like."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from django.conf.locale import LANG_INFO
from django.db import transaction

from apps.institutions import errors
from apps.institutions.events import CalendarChanged, InstitutionChanged
from apps.institutions.models import Institution
from apps.institutions.scopes import gate
from schoolops import events, files
from schoolops.audit import trail
from schoolops.constraints import explains
from schoolops.errors import FieldError
from schoolops.money import CURRENCIES
from schoolops.pictures import LARGEST, PictureRefused, checked_picture
from schoolops.resilience import heavy

_LOCALE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
# The foreign key by which whatever is booked is in the currency of its campus, whichever app books it.
IN_ITS_CURRENCY = "booked_in_currency"
_EXPLAINED = {"institution_code_once": errors.InstitutionCodeTaken}


def _check(fields: Mapping[str, Any]) -> None:
    """Raises ``FieldsRefused`` naming each field that is wrong, and what it accepts."""
    wrong = []
    if "timezone" in fields and fields["timezone"] not in available_timezones():
        wrong.append(FieldError("timezone", "unknown-timezone", "An IANA name such as Europe/London or Asia/Kolkata."))
    if "currency" in fields and fields["currency"] not in CURRENCIES:
        wrong.append(FieldError("currency", "unknown-currency", "An ISO 4217 code such as EUR, INR or KES."))
    if "locale" in fields and not _known_locale(fields["locale"]):
        wrong.append(FieldError("locale", "unknown-locale", "A lower-case language tag such as en-gb, hi or pt-br."))
    if "brand_colour" in fields and not re.fullmatch(r"#[0-9a-f]{6}", fields["brand_colour"]):
        wrong.append(FieldError("brand_colour", "not-a-colour", "Six lower-case hexadecimal digits, such as #1d4ed8."))
    if "weekend" in fields and not set(fields["weekend"]) <= set(range(1, 8)):
        wrong.append(FieldError("weekend", "not-weekdays", "ISO weekdays, 1 (Monday) to 7 (Sunday), such as [6, 7]."))
    if wrong:
        raise errors.FieldsRefused(errors=wrong)


def _known_locale(locale: str) -> bool:
    return bool(_LOCALE.fullmatch(locale)) and locale.partition("-")[0] in {
        code.partition("-")[0] for code in LANG_INFO
    }


@transaction.atomic
def add_institution(*, fields: Mapping[str, Any], by: Any) -> Institution:
    """A new campus of the school.

    Raises:
        PermissionMissing, OutOfReach: it is held at a campus only. FieldsRefused, InstitutionCodeTaken.
    """
    gate().require_everywhere(by, "institutions.manage")
    _check(fields)
    institution = Institution(**fields)
    with explains(_EXPLAINED):
        institution.save(force_insert=True)
    trail.record(by, "institutions.added", institution, after=fields)
    events.publish(InstitutionChanged())
    return institution


@transaction.atomic
def change_institution(*, institution: Institution, fields: Mapping[str, Any], by: Any) -> Institution:
    """Change a campus.

    Raises:
        PermissionMissing, OutOfReach, FieldsRefused, InstitutionCodeTaken. CurrencyKept: it keeps books in the present
        one.
    """
    gate().require_at(by, "institutions.manage", institution)
    _check(fields)
    row: Institution = Institution.objects.select_for_update().get(pk=institution.pk)
    before, after = trail.changed(row, fields)
    if not after:
        return row
    currency = row.currency
    for name, value in after.items():
        setattr(row, name, value)
    with explains({**_EXPLAINED, IN_ITS_CURRENCY: lambda: errors.CurrencyKept(currency=currency)}):
        row.save(update_fields=[*after])
    trail.record(by, "institutions.changed", row, before=before, after=after)
    if "weekend" in after:
        events.publish(CalendarChanged(row.pk, dt.date.min, dt.date.max))
    events.publish(InstitutionChanged())
    return row


@transaction.atomic
def set_logo(*, institution: Institution, content: bytes, by: Any) -> Institution:
    """Keep ``content`` as the institution's logo. Raises ``PermissionMissing``, ``OutOfReach``, ``LogoRefused``."""
    gate().require_at(by, "institutions.manage", institution)
    try:
        with heavy.working():
            picture = checked_picture(content)
    except PictureRefused as refusal:
        raise errors.LogoRefused(why=str(refusal), limit=LARGEST // 2**20) from refusal
    row: Institution = Institution.objects.select_for_update().get(pk=institution.pk)
    files.keep(row.logo, picture.content, suffix=picture.suffix)
    row.save(update_fields=["logo"])
    trail.record(by, "institutions.logo-set", row, after={"sha256": picture.sha256})
    events.publish(InstitutionChanged())
    return row


@transaction.atomic
def remove_logo(*, institution: Institution, by: Any) -> None:
    """Forget the logo. Raises ``PermissionMissing``, ``OutOfReach``, ``NoLogo``."""
    gate().require_at(by, "institutions.manage", institution)
    row: Institution = Institution.objects.select_for_update().get(pk=institution.pk)
    if not row.logo:
        raise errors.NoLogo
    files.forget(row.logo)
    row.save(update_fields=["logo"])
    trail.record(by, "institutions.logo-removed", row)
    events.publish(InstitutionChanged())
