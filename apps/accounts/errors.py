"""Why somebody is not let in."""

from __future__ import annotations

from schoolops.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated


class LoginRefused(Unauthenticated):
    """The login and password do not match."""

    # The same words for an unknown login, a wrong password and a left colleague: names must not be guessable.
    code = "accounts:login-refused"
    remedy = "Check both, also Caps Lock. The school office can send you a new password link."


class TokenUnknown(Unauthenticated):
    """This token is not valid here."""

    code = "accounts:token-unknown"
    remedy = "Log in again."


class TokenExpired(Unauthenticated):
    """This token has expired."""

    code = "accounts:token-expired"
    remedy = "Get a new one from POST /api/v1/auth/refresh."


class TokenRevoked(Unauthenticated):
    """This login has been ended."""

    code = "accounts:token-revoked"
    remedy = "Log in again."


class RefreshTokenReused(Unauthenticated):
    """This refresh token was used before, so its login has been ended on all its devices."""

    code = "accounts:refresh-reused"
    remedy = "Log in again. If you did not do this, change your password: somebody may have copied the token."


class CodeRequired(Unauthenticated):
    """This login has a second factor: its code is missing."""

    code = "accounts:code-required"
    remedy = "Send `code` as well: six digits from the authenticator app, or one of the recovery codes."


class CodeRefused(Unauthenticated):
    """This code is not valid, or it was used before."""

    code = "accounts:code-refused"
    remedy = "Wait for the next code of the authenticator app and check the clock of that device."


class SetupUnfinished(Forbidden):
    """This login can do nothing else until its {missing} is set up."""

    code = "accounts:setup-unfinished"
    remedy = "A second factor: POST /api/v1/me/totp and /api/v1/me/totp/confirm. A password: POST /api/v1/me/password."


class LinkNotValid(NotFound):
    """This link was used before, has expired, or was replaced by a newer one."""

    code = "accounts:link-not-valid"
    remedy = "Ask the school office for a new link."


class PasswordTooWeak(Invalid):
    """This password cannot be used."""

    code = "accounts:password-too-weak"


class PasswordWrong(Invalid):
    """The present password is not right."""

    code = "accounts:password-wrong"


class CodeWrong(Invalid):
    """This code is not the one the authenticator app shows now."""

    code = "accounts:code-wrong"
    remedy = "Wait for the next code and check the clock of that device."


class SecondFactorExists(Conflict):
    """This login has a second factor already."""

    code = "accounts:second-factor-exists"
    remedy = "DELETE /api/v1/me/totp with your password and a code first."


class NoSecondFactor(Conflict):
    """There is no second factor waiting to be confirmed, or to be removed."""

    code = "accounts:no-second-factor"
    remedy = "Begin with POST /api/v1/me/totp."


class SecondFactorNeeded(Conflict):
    """This school asks for a second factor from its staff, so it cannot be removed."""

    code = "accounts:second-factor-needed"


class UserUnknown(NotFound):
    """There is no such user that you may see."""

    code = "accounts:user-unknown"


class UsernameTaken(Conflict):
    """The username {username} is taken."""

    code = "accounts:username-taken"
    field = "username"
    remedy = "Choose another one."


class EmailTaken(Conflict):
    """Another login has the e-mail address {email}."""

    code = "accounts:email-taken"
    field = "email"
    remedy = "Parents who share an address: give one of them the username only."


class UserInactive(Conflict):
    """{name} has no active login."""

    code = "accounts:user-inactive"
    remedy = "Activate the login first."


class NoEmail(Conflict):
    """{name} has no e-mail address."""

    code = "accounts:no-email"
    remedy = "Print the link instead, or enter an address first."


class PolicyChangedMeanwhile(Conflict):
    """The rules for logins were changed meanwhile."""

    code = "accounts:policy-changed-meanwhile"
    remedy = "Read them again and repeat the change."


class UsernameReserved(Invalid):
    """Usernames that begin with {prefix} belong to support."""

    code = "accounts:username-reserved"
    remedy = "Choose another one."


class SupportHasNoPassword(Conflict):
    """This login belongs to support: it has no password, and only an operator can begin it."""

    code = "accounts:support-has-no-password"
    remedy = "To end it, deactivate it or take its role away."


class UsernameMalformed(Invalid):
    """A username is not empty and has neither @ nor spaces."""

    code = "accounts:username-malformed"
