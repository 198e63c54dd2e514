"""The addresses of the door."""

from __future__ import annotations

from django.urls import path

from apps.office.door.pages import door, support
from apps.office.door.pages.languages import choose
from apps.office.shell.rooms import Room

ROOM = Room(
    pages=(
        path("login/", door.log_in, name="login"),
        path("logout/", door.log_out, name="logout"),
        path("support/end/", support.end, name="support-end"),
        path("second-factor/", door.second_factor, name="second-factor"),
        path("forgotten/", door.forgotten, name="forgotten"),
        path("password_change/", door.change_password, name="password_change"),
    ),
    beside=(
        path("language/", choose, name="language"),
        # Where the links of invitations and forgotten passwords lead.
        path("redeem", door.redeem, name="redeem"),
        # Where the link of a support grant leads.
        path("support", support.come_in, name="support"),
    ),
    # The same pages outside all schools, before the operators' own admin.
    outside=(
        path("redeem", door.redeem, name="operators-redeem"),
        path("operators/login/", door.log_in, name="operators-login"),
        path("operators/logout/", door.log_out, name="operators-logout"),
        path("operators/second-factor/", door.second_factor, name="operators-second-factor"),
        path("operators/password_change/", door.change_password, name="operators-password"),
        path("operators/forgotten/", door.forgotten, name="operators-forgotten"),
    ),
)
