"""Which language a page speaks: the person's own, else its letter's, this device's, the browser's, the school's.

The API speaks English whoever asks: a program reads codes, and a sentence in a log must be one to search for.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

from apps.accounts.models import User
from apps.accounts.selectors import supported_language
from apps.institutions import selectors as institutions
from schoolops.context import school_or_none

COOKIE = "language"
# Of a page that is nobody's yet, and of every program.
ENGLISH = settings.LANGUAGE_CODE
_FROM_LETTERS = {"/redeem", "/support"}
_SPEAKS_ENGLISH = ("/api/", "/health", "/metrics", settings.STATIC_URL)


class LanguageMiddleware:
    """Speaks the reader's language while a page is made."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(_SPEAKS_ENGLISH):
            return self.get_response(request)
        language = language_for(request)
        with translation.override(language):
            answer = self.get_response(request)
        answer.headers.setdefault("Content-Language", language)
        patch_vary_headers(answer, ("Accept-Language", "Cookie"))
        return answer


def language_for(request: HttpRequest) -> str:
    """The language of the page that ``request`` asks for."""
    user = request.user
    own = supported_language(user.language) if isinstance(user, User) or user.is_authenticated else ""
    return own or _of_the_letter(request) or supported_language(request.COOKIES.get(COOKIE, "")) or _asked_for(request)


def _of_the_letter(request: HttpRequest) -> str:
    """Where a link leads to, the language of the letter that it stood in."""
    return supported_language(request.GET.get("language", "")) if request.path_info in _FROM_LETTERS else ""


def _asked_for(request: HttpRequest) -> str:
    if school_or_none() is None:
        # The operators' pages are in English, as what they read in logs and commands is.
        return ENGLISH
    asked = request.headers.get("Accept-Language", "")
    for tag, _weight in parse_accept_lang_header(asked):
        if spoken := supported_language(tag):
            return spoken
    # Whoever sends no header is a program; whoever's browser speaks what we do not hears what the school speaks.
    if not asked:
        return ENGLISH
    return supported_language(institutions.branding().locale) or ENGLISH
