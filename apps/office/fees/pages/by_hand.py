"""What an accountant does with the books themselves: posting what no bill says, and closing a period."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.fees import services
from apps.fees.models import Account, Books
from apps.fees.services.posting import KEPT
from apps.institutions.models import Institution
from apps.institutions.selectors import today_at
from apps.office.fees import selectors
from apps.office.shell.fields import AmountField, about, apart, day_field, posted
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import actor, asked, office_page, render_page
from schoolops.errors import SchoolOpsError

KEEP_BOOKS = "fees.keep_books"
LEGS = 6


def _campus(request: HttpRequest) -> tuple[Institution, list[Institution]]:
    return selectors.campus_asked(request.GET.get("campus", ""), KEEP_BOOKS, by=actor(request))


class PostForm(DressedForm):
    """What is posted: debited and credited come to the same."""

    day = day_field(label=gettext_lazy("Day"))
    memo = forms.CharField(label=gettext_lazy("What it is"), max_length=200)

    def __init__(self, campus: Institution, *arguments: Any, **more: Any) -> None:
        # What families owe and have paid ahead is posted by bills and payments alone.
        accounts = Account.objects.filter(institution=campus, retired=False).exclude(purpose__in=KEPT)
        also: dict[str, forms.Field] = {}
        for leg in range(LEGS):
            also |= {
                f"account-{leg}": forms.ModelChoiceField(
                    label=_("Account %(number)d") % {"number": leg + 1},
                    queryset=accounts.order_by("code", "pk"),
                    required=leg < 2,
                ),
                f"debit-{leg}": AmountField(label=_("Debit"), required=False),
                f"credit-{leg}": AmountField(label=_("Credit"), required=False),
            }
        super().__init__(*arguments, also=also, **more)

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        for leg in range(LEGS):
            account, debit, credit = (said.get(f"{name}-{leg}") for name in ("account", "debit", "credit"))
            if (account is None) != (debit is None and credit is None) or (debit and credit):
                self.add_error(f"debit-{leg}", _("An account, and an amount on one of its sides."))
        return said

    @property
    def legs(self) -> list[services.HandLeg]:
        """What was filled in, in its order."""
        found = []
        for leg in range(LEGS):
            for side in ("debit", "credit"):
                amount: Decimal | None = self.cleaned_data.get(f"{side}-{leg}")
                if amount:
                    found.append(services.HandLeg(self.cleaned_data[f"account-{leg}"].sourced_id, side, amount))
        return found


@office_page(permission=KEEP_BOOKS, over="campus")
def post_by_hand(request: HttpRequest) -> HttpResponse:
    """Bank charges, a grant, a correction: an amount from one account to another, or several."""
    campus, _there = _campus(request)
    form = PostForm(campus, posted(request), initial={"day": today_at(campus)})
    back = f"{reverse('office:books')}?campus={campus.sourced_id}"

    def do() -> str:
        day, memo = (form.cleaned_data[name] for name in ("day", "memo"))
        services.post_by_hand(institution=campus, day=day, memo=memo, legs=form.legs, by=actor(request))
        return about(memo, _("“%(name)s” is posted."))

    title = _("Post by hand at %(campus)s") % {"campus": apart(campus.name)}
    return asked(request, form, do, title=title, action=_("Post"), back=back)


class CloseForm(DressedForm):
    """Through which day the books are closed."""

    closed_through = day_field(
        label=gettext_lazy("Close through"),
        help_text=gettext_lazy(
            "For good: nothing is posted on this day or before any more, and no day is opened again."
        ),
    )


@office_page(permission=KEEP_BOOKS, over="campus")
def books(request: HttpRequest) -> HttpResponse:
    """Through which day the books of a campus are closed, and closing them further."""
    campus, there = _campus(request)
    form = CloseForm(posted(request))
    if form.is_valid():
        day = form.cleaned_data["closed_through"]
        try:
            services.close_books(institution=campus, closed_through=day, by=actor(request))
        except SchoolOpsError as refusal:
            add_refusal(form, refusal)
        else:
            words = _("The books of %(name)s are closed through %(day)s.")
            messages.success(request, about(campus, words, day=date_format(day)))
            return HttpResponseRedirect(request.get_full_path())
    kept = Books.objects.filter(institution=campus).first()
    context = {"campus": campus, "campuses": there, "form": form, "through": kept and kept.closed_through}
    status = 422 if form.errors else 200
    return render_page(request, "office/fees/books.html", context, title=_("Books"), status=status)
