"""Fees: what the start page calls their jobs. Fees are set up and billed over the API."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from apps.office.shell.rooms import Job, Room

ROOM = Room(jobs={"apps.fees.make_bills": Job(_("Billing the fees of a term"), "fees.charge")})
