"""How amounts are typed, and what is chosen of several campuses."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _

from apps.examinations.selectors import plain
from schoolops import money

if TYPE_CHECKING:
    from django.db.models import Model

    _Choice = forms.ModelChoiceField[Model]
else:
    _Choice = forms.ModelChoiceField

THOUSANDS = re.compile(r"[,\u066b\u066c]\d{3}$")


class AmountField(forms.DecimalField):
    """An amount, with a point or a comma and in any digits, above zero. How many decimals it has its service knows."""

    def __init__(self, **more: Any) -> None:
        super().__init__(
            max_digits=money.MAX_DIGITS,
            decimal_places=money.PLACES,
            min_value=Decimal(1).scaleb(-money.PLACES),
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "dir": "ltr"}),
            **more,
        )

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str):
            return super().to_python(value)
        if THOUSANDS.search(value.strip()):
            # 1,200 is one thousand and two hundred to one reader, and one and a fifth to another.
            raise forms.ValidationError(_("Write it without separating thousands: 1200, or 1.20."), code="thousands")
        return super().to_python(plain(value))

    def prepare_value(self, value: Any) -> Any:
        """As it is typed: without zeros that the column adds."""
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value


class YearField(_Choice):
    """A year, with its campus."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.institution} · {obj}"


class TermField(_Choice):
    """A term, with its year and campus."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.year.institution} · {obj.year} · {obj.name}"
