"""What is chosen of several campuses says of which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

if TYPE_CHECKING:
    from django.db.models import Model

    _Choice = forms.ModelChoiceField[Model]
else:
    _Choice = forms.ModelChoiceField


class YearField(_Choice):
    """A year, with its campus."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.institution} · {obj}"


class TermField(_Choice):
    """A term, with its year and campus."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.year.institution} · {obj.year} · {obj.name}"
