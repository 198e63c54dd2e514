"""Where a family begins: all children and how their day stands; one child; and what a phone installs."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _

from apps.access.selectors import permissions_of
from apps.family import selectors
from apps.family.pages.frame import Visit, family_page, render, school_name, with_headers
from apps.family.pages.words import address_of, standing_in_words, tiles
from apps.family.selectors import Child
from apps.notifications.selectors import unread_of

ASKS = "students.view over student"


@family_page(asks=ASKS)
def home(request: HttpRequest, visit: Visit) -> HttpResponse:
    """All children of the school: is each of them there today?"""
    standing = selectors.standing_today(visit.children)
    shown = [
        (child, address_of("family:child", child.student.sourced_id), _today(standing, child), tiles(child))
        for child in visit.children
    ]
    unread = unread_of(visit.by) if "messages.read" in permissions_of(visit.by) else 0
    return render(request, "family/home.html", {"shown": shown, "unread": unread}, title=_("Today"))


@family_page(asks=ASKS)
def child(request: HttpRequest, visit: Visit, child: Child) -> HttpResponse:
    """One child: today, and a way to everything that is open of them."""
    context = {"today": _today(selectors.standing_today([child]), child)}
    return render(request, "family/child.html", context, title=child.student.full_name, child=child)


def _today(standing: Mapping[int, selectors.Day], child: Child) -> tuple[str, str] | None:
    """How a child's day stands, as a mark and in words, where that is open."""
    day = standing.get(child.student.pk)
    return None if day is None else (day.standing, standing_in_words(day.standing, day.why))


def manifest(request: HttpRequest) -> HttpResponse:
    """What a phone needs to keep these pages among its apps; the name of a school is no secret."""
    name = school_name()
    sizes = (("192x192", "family/icon-192.png"), ("512x512", "family/icon-512.png"))
    answer = JsonResponse(
        {
            "name": name,
            "short_name": name[:12],
            "start_url": reverse("family:home"),
            "scope": reverse("family:home"),
            "display": "standalone",
            "background_color": "#ffffff",
            "theme_color": "#12305c",
            "lang": get_language(),
            "dir": "rtl" if get_language_bidi() else "ltr",
            "icons": [
                {"src": static(file), "sizes": size, "type": "image/png", "purpose": "any maskable"}
                for size, file in sizes
            ],
        },
        content_type="application/manifest+json",
    )
    return with_headers(answer)
