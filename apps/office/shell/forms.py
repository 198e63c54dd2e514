"""What every form of the office does alike: it looks like the rest, and a refusal comes back on its fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold import widgets

from apps.accounts.models import User
from apps.examinations.selectors import plain
from apps.office.shell.fields import DayField, DayInput, MomentField, MomentInput, TimeInput
from apps.office.shell.site import in_full, message_of
from schoolops.errors import SchoolOpsError
from schoolops.folding import composed

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[models.Model]
else:
    _ModelForm = forms.ModelForm

LOOK = " ".join(widgets.INPUT_CLASSES)
# By the form field they dress. A subclass is dressed as its parent, unless it stands here itself.
_DRESSES: Mapping[type[forms.Field], type[forms.Widget]] = {
    forms.ModelMultipleChoiceField: widgets.UnfoldAdminCheckboxSelectMultipleWidget,
    forms.MultipleChoiceField: widgets.UnfoldAdminCheckboxSelectMultipleWidget,
    forms.ModelChoiceField: widgets.UnfoldAdminSelectWidget,
    forms.ChoiceField: widgets.UnfoldAdminSelectWidget,
    forms.BooleanField: widgets.UnfoldBooleanWidget,
    forms.EmailField: widgets.UnfoldAdminEmailInputWidget,
    forms.IntegerField: widgets.UnfoldAdminIntegerFieldWidget,
    forms.FileField: widgets.UnfoldAdminFileFieldWidget,
}

# Of model admins: the same fields as on every other page.
DAYS_AND_TIMES: Mapping[type[models.Field[Any, Any]], Mapping[str, Any]] = {
    models.DateField: {"form_class": DayField, "widget": DayInput(attrs={"class": LOOK})},
    models.DateTimeField: {"form_class": MomentField, "widget": MomentInput(attrs={"class": LOOK})},
    models.TimeField: {"form_class": forms.TimeField, "widget": TimeInput(attrs={"class": LOOK})},
}


def _compose(form: forms.BaseForm) -> None:
    """Let the fields of ``form`` read text as every door takes it in; passwords are what was typed."""
    for field in form.fields.values():
        if isinstance(field, forms.DecimalField):
            _read_decimals(field)
        if isinstance(field, forms.CharField) and not isinstance(field.widget, forms.PasswordInput):
            field.to_python = _composing(field.to_python)  # type: ignore[method-assign, assignment]


def _read_decimals(field: forms.DecimalField) -> None:
    """Let ``field`` take a comma for a point, and any digits.

    A browser's own field for numbers drops a comma where its language has none: 450,50 would arrive as 45050.
    """
    widget: Any = field.widget
    if isinstance(widget, forms.NumberInput):
        widget.input_type = "text"
        for name in ("step", "min", "max"):
            widget.attrs.pop(name, None)
        widget.attrs |= {"inputmode": "decimal", "autocomplete": "off", "dir": "ltr"}
    read = field.to_python
    field.to_python = lambda value: read(plain(value) if isinstance(value, str) else value)  # type: ignore[method-assign]


def _composing(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def composing(value: Any) -> Any:
        said = read(value)
        return composed(said) if isinstance(said, str) else said

    return composing


def dressed(field: forms.Field) -> forms.Field:
    """``field`` with the widget that looks like the rest of the office, unless it chose one itself."""
    if isinstance(field.widget, DayInput | MomentInput | TimeInput):
        field.widget.attrs.setdefault("class", LOOK)
    elif type(field.widget) is forms.Textarea:
        field.widget = widgets.UnfoldAdminTextareaWidget(attrs={"rows": 4})
    elif type(field.widget) is field.__class__.widget or type(field.widget) is forms.TextInput:
        dress = next((dress for kind, dress in _DRESSES.items() if isinstance(field, kind)), None)
        chosen: Any = (dress or widgets.UnfoldAdminTextInputWidget)()
        if isinstance(field, forms.ChoiceField | forms.ModelChoiceField):
            present: Any = field.widget
            chosen.choices = present.choices
        chosen.is_required = field.required
        chosen.attrs |= {name: value for name, value in field.widget_attrs(chosen).items() if name not in chosen.attrs}
        field.widget = chosen
    return field


def add_refusal(form: forms.BaseForm, error: SchoolOpsError, *, on: Mapping[str, str] | None = None) -> None:
    """Put what a service refused where the reader looks: on the fields it names, else above the form.

    Args:
        on: code of an error → the field it is about, for errors that name none, or call it otherwise.
    """
    placed = False
    if not form.is_bound and not hasattr(form, "cleaned_data"):
        # Refused was what another form of the page had sent: this one stands as it is, with the refusal above it.
        form.cleaned_data = {}
        form.full_clean()
    for each in error.errors:
        # Of many rows that were sent at once a form holds one.
        name = each.field.rpartition(".")[2]
        if name in form.fields:
            form.add_error(name, message_of(each))
            placed = True
        else:
            form.add_error(None, message_of(each))
    field = (on or {}).get(error.code, error.field)
    if not placed:
        form.add_error(field if field in form.fields else None, in_full(error))


def show_what_changed(form: forms.BaseForm, stands: Mapping[str, Any], version: int) -> None:
    """Keep what was typed, say what ``stands`` there now, and let the next save be a knowing one."""
    names = [name for name in form.changed_data if name in stands and name != "seen_version"]
    others = [f"{form.fields[name].label}: {'–' if stands[name] in (None, '') else stands[name]}" for name in names]
    if others:
        form.add_error(
            None,
            _("It now says: %(others)s. Save again to replace that by what you entered.")
            % {"others": "; ".join(others)},
        )
    said: Any = form.data
    said = said.copy()
    said[form.add_prefix("seen_version")] = str(version)
    form.data = said


class DressedForm(forms.Form):
    """A form whose fields look like the rest of the office. ``also``: those that depend on what it is about."""

    def __init__(self, *arguments: Any, also: Mapping[str, forms.Field] | None = None, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.fields.update(also or {})
        self._dress()

    def _dress(self) -> None:
        """Again, once a form has made fields of its own."""
        for field in self.fields.values():
            # Words of ours: what people are called stays as they write it.
            field.label = capfirst(field.label) if isinstance(field.label, Promise) else field.label
            dressed(field)
        _compose(self)


class ActForm(DressedForm):
    """Asks what is needed to do something with ``row``; ``prepared`` fits its choices to the row."""

    # Code of an error → the field it belongs to.
    refusals: ClassVar[Mapping[str, str]] = {}

    def __init__(self, row: Any, by: User, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files)
        self.row, self.by = row, by
        self.prepared(row, by)
        for field in self.fields.values():
            dressed(field)

    def prepared(self, row: Any, by: User) -> None:
        """Fit the choices to ``row``."""

    def refused(self, error: SchoolOpsError) -> None:
        """What a service said against it, where the reader looks."""
        add_refusal(self, error, on=self.refusals)


class SeenForm(ActForm):
    """About a row that has versions: ``seen_version`` is the one of the page that was filled in, for the service to
    refuse what would undo that which another did meanwhile."""

    seen_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, row: Any, by: User, data: Any = None, files: Any = None) -> None:
        super().__init__(row, by, data, files)
        self.initial["seen_version"] = row.version

    def refused(self, error: SchoolOpsError) -> None:
        super().refused(error)
        if error.code.endswith("changed-meanwhile"):
            show_what_changed(self, self.initial, self.row.version)


class PictureForm(ActForm):
    """A picture from the computer."""

    picture = forms.FileField(label=gettext_lazy("Picture"), help_text=gettext_lazy("JPEG, PNG or WebP, 8 MB at most."))


class NoQuestions(ActForm):
    """Nothing to ask: only whether it is meant."""


class ReasonForm(ActForm):
    """Why, for the trail."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)


def _least(row: models.Model, column: Any) -> Iterator[MinValueValidator]:
    """What the row's constraints want of this column by itself: at least, or more than, a number."""
    unit = Decimal(10) ** -getattr(column, "decimal_places", 0)
    for constraint in row._meta.constraints:
        said = getattr(constraint, "condition", None)
        if not isinstance(constraint, models.CheckConstraint) or not isinstance(said, models.Q):
            continue
        if said.connector == models.Q.AND and not said.negated:
            for name, number in (each for each in said.children if isinstance(each, tuple)):
                if isinstance(number, int) and name in {f"{column.name}__gte", f"{column.name}__gt"}:
                    yield MinValueValidator(number if name.endswith("__gte") else number + unit)


class ServiceForm(_ModelForm):
    """A form over a row that it never writes, nor changes in memory: what was said goes to a service.

    ``seen_version`` comes back with the form where rows have versions, so that nobody overwrites what they did not see.
    """

    refusal: ClassVar[SchoolOpsError | None] = None
    refusals: ClassVar[Mapping[str, str]] = {}
    seen_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        _compose(self)
        columns = {each.name: each for each in self.instance._meta.concrete_fields}
        for name, field in self.fields.items():
            field.label = capfirst(field.label) if field.label else field.label
            if isinstance(field.widget, forms.TextInput | forms.NumberInput):
                # One that a form adds to those of its model has no looks of its own.
                field.widget.attrs.setdefault("class", LOOK)
            if isinstance(field, forms.IntegerField) and name in columns:
                # What the column cannot hold; Django would ask the row, which no form of ours touches.
                field.validators.extend(columns[name].validators)
            if isinstance(field, forms.IntegerField | forms.DecimalField) and name in columns:
                field.validators.extend(_least(self.instance, columns[name]))
        version = getattr(self.instance, "version", None) if self.instance.pk else None
        if version is None:
            self.fields.pop("seen_version", None)
        else:
            self.initial["seen_version"] = version

    def _post_clean(self) -> None:
        # Instead of Django's, which would write into the instance and ask the database what services know to say.
        if self.refusal is None:
            return
        add_refusal(self, self.refusal, on=self.refusals)
        if self.refusal.code.endswith("changed-meanwhile"):
            stands = {name: getattr(self.instance, name, None) for name in self.changed_data}
            show_what_changed(self, stands, getattr(self.instance, "version", 0))
