"""What families send along with a request for leave."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from apps.attendance import services
from apps.office.shell.pages import actor, office_page
from schoolops.api.viewsets import file_response


@office_page(permission="leave.decide", over="student")
def attachment(request: HttpRequest, leave: UUID) -> HttpResponse:
    """The file, for who decides."""
    return file_response(*services.attachment_of(leave, by=actor(request)))
