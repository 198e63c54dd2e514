"""Logging in and out, one's own password and second factor, and what the office does with logins."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request

from apps.accounts import selectors, services
from apps.accounts.api import serializers as shapes
from apps.accounts.models import TokenFamily, User
from schoolops.api import versions
from schoolops.api.viewsets import ApiViewSet, answer, gone, valid, with_version
from schoolops.ratelimit.addresses import address_of
from schoolops.resilience.appointments import COOKIE as APPOINTMENT_COOKIE

# The same words whether the login exists or not.
FORGOTTEN = "If this login exists and has an e-mail address, a link is on its way to it."


def _tokens(issued: services.Issued) -> HttpResponse:
    user = issued.user
    body = {
        "access_token": issued.access_token,
        "refresh_token": issued.refresh_token,
        "token_type": "Bearer",
        "expires_in": issued.expires_in,
        "user": {
            "id": user.sourced_id,
            "username": user.username,
            "name": str(user),
            "language": user.language,
            "setup_missing": issued.missing,
        },
    }
    return answer(body, headers={"Cache-Control": "no-store"})


def _where(request: Request) -> dict[str, str]:
    """From which address and which device somebody proves who they are."""
    return {"address": address_of(request._request), "device": request.COOKIES.get(services.DEVICE_COOKIE, "")}


class WithoutToken(ApiViewSet):
    """What somebody without a token may call."""

    # A stale token in the header must not keep anybody from logging in.
    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        operation_id="log_in",
        summary="Log in",
        request=shapes.LoginIn,
        responses=shapes.TokensOut,
        examples=[
            OpenApiExample("by username", {"login": "bob", "password": "…", "device": "Bob's phone"}, request_only=True)
        ],
    )
    def log_in(self, request: Request) -> HttpResponse:
        """Exchange login and password, and the code of a second factor where there is one, for tokens.

        After several failures each further attempt has to wait, 60 seconds at most; see `Retry-After`. While others
        guess, at this login or from this address, you may be told to wait 2 seconds although you made no mistake, and
        longer after mistakes of your own. Whoever keeps `Retry-After` has a turn that nobody takes. Where more log
        in than can, 503 says when it is your turn: to the millisecond in `retry_after_ms`. Send its cookie
        `so_appointment` along then, and you go before those who come for the first time. Keep the cookie `so_device` of
        the answer and send it with the next login: then you never wait for what others try.
        """
        said = valid(shapes.LoginIn, request.data)
        issued = services.log_in(
            login=said["login"],
            password=said["password"],
            code=said["code"],
            label=said["device"] or request.headers.get("User-Agent", ""),
            appointment=request.COOKIES.get(APPOINTMENT_COOKIE, ""),
            **_where(request),
        )
        answered = _tokens(issued)
        services.remember_device_on(answered, user=issued.user, secure=request.is_secure())
        return answered

    @extend_schema(
        operation_id="refresh_tokens", summary="New tokens", request=shapes.RefreshIn, responses=shapes.TokensOut
    )
    def refresh(self, request: Request) -> HttpResponse:
        """Exchange a refresh token for a new pair. Using one twice ends the login on that device."""
        return _tokens(services.refresh_tokens(refresh_token=valid(shapes.RefreshIn, request.data)["refresh_token"]))

    @extend_schema(
        operation_id="forget_password",
        summary="Forgotten password",
        request=shapes.ForgottenIn,
        responses={202: shapes.SaidOut},
    )
    def forget_password(self, request: Request) -> HttpResponse:
        """Have a link for a new password mailed. The answer is the same whether the login exists or not."""
        said = valid(shapes.ForgottenIn, request.data)
        services.forget_password(login=said["login"], address=address_of(request._request))
        return answer({"detail": FORGOTTEN}, status=202)

    @extend_schema(
        operation_id="redeem_link", summary="Redeem a link", request=shapes.RedeemIn, responses=shapes.RedeemedOut
    )
    def redeem(self, request: Request) -> HttpResponse:
        """Set the password that an invitation or a link for a new password is for; then log in with it."""
        said = valid(shapes.RedeemIn, request.data)
        user = services.redeem_link(token=said["token"], password=said["password"])
        return answer({"username": user.username})


def _family(request: Request) -> TokenFamily:
    family: TokenFamily = request.auth  # type: ignore[assignment]
    return family


def _user(request: Request) -> User:
    user: User = request.user  # type: ignore[assignment]
    return user


class OwnLogin(ApiViewSet):
    """One's own login; open also while something has to be set up."""

    open_in_setup = True

    @extend_schema(operation_id="log_out", summary="Log out", request=None, responses={204: None})
    def log_out(self, request: Request) -> HttpResponse:
        """End this login; its access and refresh token are void at once."""
        services.log_out(family=_family(request), by=_user(request))
        return gone()

    @extend_schema(
        operation_id="log_out_everywhere", summary="Log out everywhere", request=None, responses=shapes.EndedOut
    )
    def log_out_everywhere(self, request: Request) -> HttpResponse:
        """End all of one's logins on all devices, this one too."""
        return answer({"ended": services.log_out_everywhere(by=_user(request))})

    @extend_schema(
        operation_id="change_password",
        summary="Change the password",
        request=shapes.PasswordIn,
        responses=shapes.EndedOut,
    )
    def change_password(self, request: Request) -> HttpResponse:
        """Change one's password. All other logins end. The answer brings this device's cookie `so_device` anew."""
        said = valid(shapes.PasswordIn, request.data)
        ended = services.change_password(
            password=said["password"],
            new_password=said["new_password"],
            family=_family(request),
            by=_user(request),
            **_where(request),
        )
        answered = answer({"ended": ended})
        services.remember_device_on(answered, user=_user(request), secure=request.is_secure())
        return answered


class SecondFactor(ApiViewSet):
    """One's own second factor."""

    open_in_setup = True

    @extend_schema(
        operation_id="begin_second_factor",
        summary="Set up a second factor",
        request=None,
        responses={201: shapes.EnrolmentOut},
    )
    def begin(self, request: Request) -> HttpResponse:
        """A key for an authenticator app. It counts after `me/totp/confirm`; asking again makes another key."""
        made = services.begin_second_factor(by=_user(request))
        body = {"otpauth_uri": made.otpauth_uri, "qr": made.qr, "secret": made.secret}
        return answer(body, status=201, headers={"Cache-Control": "no-store"})

    @extend_schema(
        operation_id="confirm_second_factor",
        summary="Confirm a second factor",
        request=shapes.CodeIn,
        responses=shapes.RecoveryCodesOut,
    )
    def confirm(self, request: Request) -> HttpResponse:
        """Prove that the app shows the right code. Answers with the recovery codes; all other logins end."""
        said = valid(shapes.CodeIn, request.data)
        codes = services.confirm_second_factor(code=said["code"], family=_family(request), by=_user(request))
        return answer({"recovery_codes": codes}, headers={"Cache-Control": "no-store"})

    @extend_schema(
        operation_id="remove_second_factor",
        summary="Remove a second factor",
        request=shapes.ProofIn,
        responses={204: None},
    )
    def remove(self, request: Request) -> HttpResponse:
        """Give up one's second factor, against password and code, where the school does not ask for one."""
        said = valid(shapes.ProofIn, request.data)
        services.remove_second_factor(
            password=said["password"], code=said["code"], by=_user(request), **_where(request)
        )
        return gone()


class LoginsOfOthers(ApiViewSet):
    """What the office does with the login of somebody else. The services ask for the permission."""

    asks = {
        "invite": "accounts.manage over login",
        "deactivate": "accounts.manage over login",
        "activate": "accounts.manage over login",
        "log_out_everywhere": "accounts.manage over login",
        "reset_second_factor": "accounts.manage over login",
    }

    @extend_schema(
        operation_id="invite_user", summary="Invite a user", request=shapes.InviteIn, responses={201: shapes.LinkOut}
    )
    def invite(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """A one-time link by which this user sets a password: to print, or by e-mail. Good for seven days."""
        said = valid(shapes.InviteIn, request.data)
        handed = services.invite(user=selectors.user_by_id(id), by_mail=said["by_mail"], by=_user(request))
        body: dict[str, Any] = dict.fromkeys(("link", "token", "expires_at"))
        if handed is not None:
            body = {"link": handed.link, "token": handed.token, "expires_at": handed.expires_at}
        return answer(body, status=201, headers={"Cache-Control": "no-store"})

    @extend_schema(
        operation_id="deactivate_user",
        summary="Deactivate a leaver",
        request=shapes.DeactivateIn,
        responses={204: None},
    )
    def deactivate(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """End all logins of somebody who has left. What they did stays in the trail under their name."""
        said = valid(shapes.DeactivateIn, request.data)
        services.deactivate_user(user=selectors.user_by_id(id), reason=said["reason"], by=_user(request))
        return gone()

    @extend_schema(operation_id="activate_user", summary="Let a leaver back in", request=None, responses={204: None})
    def activate(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Somebody is back: the old password works again."""
        services.activate_user(user=selectors.user_by_id(id), by=_user(request))
        return gone()

    @extend_schema(
        operation_id="end_logins_of_user",
        summary="Log somebody out everywhere",
        request=None,
        responses=shapes.EndedOut,
    )
    def log_out_everywhere(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """End every login of this user on all devices."""
        return answer({"ended": services.end_logins_of(user=selectors.user_by_id(id), by=_user(request))})

    @extend_schema(
        operation_id="reset_second_factor", summary="Reset a second factor", request=None, responses={204: None}
    )
    def reset_second_factor(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """For somebody who lost phone and recovery codes: the next login needs the password only."""
        services.reset_second_factor(user=selectors.user_by_id(id), by=_user(request))
        return gone()


class Policy(ApiViewSet):
    """The school's rules for logins."""

    asks = {
        "change": "access.manage over school",
    }

    @extend_schema(operation_id="account_policy", summary="Rules for logins", responses=shapes.PolicyOut)
    def show(self, request: Request) -> HttpResponse:
        """What this school asks of its logins."""
        return with_version(selectors.account_policy())

    @extend_schema(
        operation_id="change_account_policy",
        summary="Change the rules for logins",
        request=shapes.PolicyIn,
        responses=shapes.PolicyOut,
    )
    def change(self, request: Request) -> HttpResponse:
        """Say whether staff need a second factor. Needs `If-Match` or `version`."""
        said = valid(shapes.PolicyIn, request.data)
        policy = services.change_policy(
            staff_need_totp=said["staff_need_totp"], expected_version=versions.expected(request), by=_user(request)
        )
        return with_version({"staff_need_totp": policy.staff_need_totp, "version": policy.version})
