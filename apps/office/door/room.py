"""The addresses of the door."""

from __future__ import annotations

from django.urls import path

from apps.office.door.pages import login, support
from apps.office.door.pages.languages import choose
from apps.office.shell.rooms import Room

ROOM = Room(
    pages=(
        path("login/", login.log_in, name="login"),
        path("logout/", login.log_out, name="logout"),
        path("support/end/", support.end, name="support-end"),
        path("second-factor/", login.second_factor, name="second-factor"),
        path("forgotten/", login.forgotten, name="forgotten"),
        path("password_change/", login.change_password, name="password_change"),
    ),
    beside=(
        path("language/", choose, name="language"),
        # Where the links of invitations and forgotten passwords lead.
        path("redeem", login.redeem, name="redeem"),
        # Where the link of a support grant leads.
        path("support", support.come_in, name="support"),
    ),
    # The same pages outside all schools, before the operators' own admin.
    outside=(
        path("redeem", login.redeem, name="operators-redeem"),
        path("operators/login/", login.log_in, name="operators-login"),
        path("operators/logout/", login.log_out, name="operators-logout"),
        path("operators/second-factor/", login.second_factor, name="operators-second-factor"),
        path("operators/password_change/", login.change_password, name="operators-password"),
        path("operators/forgotten/", login.forgotten, name="operators-forgotten"),
    ),
)
