"""What leaves these pages and who looks at them: calendars, the trail of a child, and the office as a guardian."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.family import selectors, services
from apps.family.errors import FeedUnknown
from apps.family.pages.frame import AS, Visit, done, family_page, render, with_headers
from apps.family.selectors import Child
from apps.students.models import FamilyItem

END = "end"


@family_page(item=FamilyItem.TRAIL)
def looked(request: HttpRequest, visit: Visit, child: Child) -> HttpResponse:
    """Who has looked at a child's data, or worked on it, the latest first."""
    lines = [(each.at, each.who, each.said) for each in selectors.looks_at(child, by=visit.by)]
    title = _("Who looked at the data of %(name)s") % {"name": child.name}
    return render(request, "family/looked.html", {"lines": lines}, title=title, child=child)


@family_page(item=FamilyItem.TIMETABLE, methods="GET HEAD POST")
def calendar(request: HttpRequest, visit: Visit, child: Child) -> HttpResponse:
    """Make a link to the child's calendar, or end it; the link is shown this once."""
    link = ""
    if request.method == "POST":
        if request.POST.get("what") == "end":
            services.end_feed(student=child.student.sourced_id, by=visit.by)
            return done(request, _("The link opens nothing any more."), "family:calendar", child)
        secret = services.begin_feed(student=child.student.sourced_id, by=visit.by)
        link = request.build_absolute_uri(reverse("family:feed", args=[secret]))
    context = {"link": link, "begun": selectors.feed_of(child.student, by=visit.by)}
    return render(request, "family/calendar.html", context, title=_("Calendar on your phone"), child=child)


@never_cache
@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """A child's lessons and exams, for a program that knows the secret address."""
    try:
        content = services.read_feed(secret)
    except FeedUnknown as unknown:
        raise Http404 from unknown
    return with_headers(HttpResponse(content, content_type="text/calendar; charset=utf-8"))


@family_page(asks="family.see_as over school", methods="GET HEAD POST", staff=True)
def see_as(request: HttpRequest, visit: Visit, token: str) -> HttpResponse:
    """Begin to look as a guardian, by the link that the office gives who asks for it; or end it."""
    ends = token == END
    if ends != (request.method == "POST") or (not ends and services.seen_as(token, by=visit.viewer) is None):
        raise Http404
    request.session.pop(AS, None)
    if ends:
        return done(request, _("You see your own pages again."), "office:index")
    request.session[AS] = token
    return done(request, _("You see what this guardian sees, and change nothing."), "family:home")
