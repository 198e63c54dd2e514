"""Logging in and out, and everything an account lives through."""

from __future__ import annotations

from apps.accounts.services.devices import COOKIE as DEVICE_COOKIE
from apps.accounts.services.devices import remember_on as remember_device_on
from apps.accounts.services.hashing import expect_room
from apps.accounts.services.links import (
    Handed,
    come_in_as_support,
    end_links,
    hand_out_link,
    hand_support_in,
    invitation_letter,
    invite,
    mail_link,
    redeem_link,
    reset_letter,
)
from apps.accounts.services.passwords import (
    LONGEST_PASSWORD,
    change_password,
    forget_password,
    log_in,
    prove_identity,
    remove_second_factor,
)
from apps.accounts.services.second_factor import begin as begin_second_factor
from apps.accounts.services.second_factor import confirm as confirm_second_factor
from apps.accounts.services.sessions import clear_logins, clear_sessions
from apps.accounts.services.setup import missing_setup
from apps.accounts.services.tokens import (
    ACCESS_TOKEN_LIFETIME,
    REFRESH_TOKEN_LIFETIME,
    Issued,
    authenticate_token,
    end_logins,
    log_out,
    log_out_everywhere,
    open_login,
    refresh_tokens,
)
from apps.accounts.services.users import (
    BEGUN_ANEW,
    activate_user,
    begin_anew,
    change_policy,
    change_user,
    choose_language,
    create_operator,
    create_user,
    deactivate_user,
    end_logins_of,
    let_support_in,
    raise_access_version,
    require_new_password,
    reset_second_factor,
    show_support_out,
)

__all__ = [
    "ACCESS_TOKEN_LIFETIME",
    "BEGUN_ANEW",
    "DEVICE_COOKIE",
    "LONGEST_PASSWORD",
    "REFRESH_TOKEN_LIFETIME",
    "Handed",
    "Issued",
    "activate_user",
    "authenticate_token",
    "begin_anew",
    "begin_second_factor",
    "change_password",
    "change_policy",
    "change_user",
    "choose_language",
    "clear_logins",
    "clear_sessions",
    "come_in_as_support",
    "confirm_second_factor",
    "create_operator",
    "create_user",
    "deactivate_user",
    "end_links",
    "end_logins",
    "end_logins_of",
    "expect_room",
    "forget_password",
    "hand_out_link",
    "hand_support_in",
    "invitation_letter",
    "invite",
    "let_support_in",
    "log_in",
    "log_out",
    "log_out_everywhere",
    "mail_link",
    "missing_setup",
    "open_login",
    "prove_identity",
    "raise_access_version",
    "redeem_link",
    "refresh_tokens",
    "remember_device_on",
    "remove_second_factor",
    "require_new_password",
    "reset_letter",
    "reset_second_factor",
    "show_support_out",
]
