"""Why somebody is not let in."""

from __future__ import annotations

from schoolops.errors import Unauthenticated


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
