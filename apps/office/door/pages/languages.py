"""Choosing the language that pages speak: on this device, and for a person everywhere and in mails."""

from __future__ import annotations

import re

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from apps.accounts import services
from apps.accounts.models import User
from apps.accounts.selectors import supported_language
from apps.office.shell.language import COOKIE
from apps.office.shell.site import readable, somebody

_BY_LINK = re.compile(r"^(/redeem|/support)\?language=[\w-]*$")
_REMEMBERED_S = 365 * 24 * 3600


@require_POST
@readable
def choose(request: HttpRequest) -> HttpResponse:
    """Speak ``language`` from now on, and go back to the page where it was chosen."""
    wanted = request.POST.get("next", "")
    here = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    # What is chosen goes before what a letter's link says.
    wanted = _BY_LINK.sub(r"\1", wanted) if here else reverse("office:index")
    answer = HttpResponseRedirect(wanted, status=303)
    if language := supported_language(request.POST.get("language", "")):
        if isinstance(user := somebody(request), User):
            services.choose_language(language=language, by=user)
        secure = bool(settings.SESSION_COOKIE_SECURE)
        answer.set_cookie(COOKIE, language, max_age=_REMEMBERED_S, secure=secure, httponly=True, samesite="Lax")
    return answer
