"""Proving who somebody is, with waits after failures; changing and forgetting passwords."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from apps.accounts.errors import CodeRequired, LoginRefused, PasswordTooWeak, PasswordWrong
from apps.accounts.events import PasswordForgotten
from apps.accounts.models import TokenFamily, User, field_of
from apps.accounts.services import devices, hashing, second_factor, tokens
from apps.accounts.services.setup import with_setup
from schoolops import clock, events
from schoolops.audit import trail
from schoolops.errors import FieldError, Invalid, Unauthenticated
from schoolops.folding import fold
from schoolops.observability.instruments import here
from schoolops.observability.metrics import AUTH_LATENCY, LOGIN_FAILURES
from schoolops.ratelimit import delays
from schoolops.ratelimit.delays import TooManyAttempts
from schoolops.ratelimit.turns import Delay
from schoolops.ratelimit.windows import LOGINS_OF_SCHOOL, TURNS_OF_SCHOOL
from schoolops.resilience.bulkhead import Busy
from schoolops.tenancy.compiled import TEXT, Compiled, Parameter

# Longer ones are no passwords but an attempt to keep the hasher busy.
LONGEST_PASSWORD = 256
# A device that has logged in with this login before answers for itself alone: whatever others do, at this login or at
# this address, its owner is never made to wait for it.
KNOWN_DEVICE = Delay("device", free=5, forgiven=True)
# Typing errors are free; whoever guesses waits.
LOGIN_FROM_HERE = Delay("login-from", free=3, forgiven=True)
# The same login from anywhere: guessing is spread over addresses, so this comes later and hurts less.
LOGIN = Delay("login", free=20, forgiven=True)
# A whole school may sit behind one address.
ADDRESS = Delay("address", free=50, forgiven=False)
FORGOTTEN = Delay("forgotten", free=2, forgiven=False)
FORGOTTEN_FROM_HERE = Delay("forgotten-from", free=20, forgiven=False)


def _counted(login: str, address: str, device: str, user: User | None) -> dict[Delay, str]:
    if known := devices.known(device, user=user):
        return {KNOWN_DEVICE: known}
    who = _name_of(login, user)
    return {LOGIN_FROM_HERE: f"{who} {address}", LOGIN: who, ADDRESS: address}


def _name_of(login: str, user: User | None) -> str:
    """Under which name failures at ``login`` are counted: as the database has it, for it decides who is one person.

    By what was typed, a username or an e-mail: else waiting for one would tell whose the other is.
    """
    if user is None:
        # In no way that makes it somebody's: no name begins with a space.
        return f" {fold(login)}"
    return user.email if "@" in login else user.username


# Three hundred log in at once, and building it took longer than all the rest but the hash.
_LOGIN, _FOLDED = Parameter("login", TEXT), Parameter("folded", TEXT)
_CALLED: dict[str, Compiled[User]] = {
    "email": Compiled(lambda: with_setup(User.objects.called("email", _LOGIN, _FOLDED))),
    "username": Compiled(lambda: with_setup(User.objects.called("username", _LOGIN, _FOLDED))),
}


def _user_called(login: str) -> User | None:
    """Whose username or e-mail, in any case, ``login`` is."""
    typed = login.strip()
    return _CALLED[field_of(typed)].first(login=typed, folded=fold(typed))


def _expect_password(user: User | None, password: str) -> User:
    """``user``, whose password this is. Raises ``LoginRefused`` after the same work, whatever was wrong; ``Busy``."""
    right = hashing.is_password_of(user, password)
    if user is None or not right or not user.may_log_in(clock.now()):
        raise LoginRefused
    return user


def prove_identity(
    *, login: str, password: str, code: str = "", address: str = "", device: str = "", appointment: str = ""
) -> User:
    """The user who knows this password and, with a second factor, this code.

    ``device``: what ``devices.remember_on`` gave the one who asks at an earlier login, if anything. ``appointment``:
    what the one who asks got with ``Busy``.

    Raises:
        TooManyAttempts: failures of this login or from this address make everybody wait, 60 s at most, but for devices
            that have been here before. TooOften: the school has had too many failed logins of strangers in this minute.
        LoginRefused, CodeRequired, CodeRefused. Busy: more are logging in than can be; nothing was counted.
    """
    # A slot first: whoever is sent away has cost neither Redis nor the database anything.
    with hashing.slots().admitted(whom=address, appointment=appointment):
        user = _user_called(login)
        return _prove_identity(user, password, code, _counted(login, address, device, user))


def _prove_identity(user: User | None, password: str, code: str, counted: dict[Delay, str]) -> User:
    attempt = delays.begin(
        counted,
        tried=password,
        within={} if KNOWN_DEVICE in counted else {LOGINS_OF_SCHOOL: ""},
        in_turn={} if KNOWN_DEVICE in counted or user is None else {TURNS_OF_SCHOOL: ""},
    )
    try:
        known = _expect_password(user, password)
        second_factor.require_code(known, code)
    except CodeRequired:
        # Neither right nor wrong. Forgetting failures here would give free guesses at the code.
        attempt.take_back()
        raise
    except Unauthenticated:
        LOGIN_FAILURES.count(here())
        raise
    except BaseException:
        attempt.take_back()
        raise
    attempt.succeeded()
    return known


def logging_in() -> AbstractContextManager[None]:
    """Around one login as a whole, to time it: whoever is told to come again has made none."""
    return AUTH_LATENCY.timed(but=Busy)


def log_in(
    *,
    login: str,
    password: str,
    code: str = "",
    label: str = "",
    address: str = "",
    device: str = "",
    appointment: str = "",
) -> tokens.Issued:
    """Exchange a login and password (and code) for tokens. Raises as ``prove_identity``."""
    with logging_in():
        # Hashing takes 25 ms of CPU: outside the transaction, so that no connection idles in one.
        user = prove_identity(
            login=login, password=password, code=code, address=address, device=device, appointment=appointment
        )
        return tokens.open_login(user, label=label)


def checked_password(password: str, *, user: User) -> str:
    """``password``, when it is strong enough. Raises ``PasswordTooWeak`` with the reasons."""
    try:
        validate_password(password, user)
    except ValidationError as refusal:
        # Django says these in the reader's language itself.
        said = [(str(each.code), " ".join(each.messages)) for each in refusal.error_list]
        reasons = [FieldError("password", code, reason) for code, reason in said]
        raise PasswordTooWeak(errors=reasons) from None
    return password


def set_password(user: User, password: str) -> None:
    """Give ``user`` this password; every open link dies with the old one. In the caller's transaction."""
    hashing.hash_into(user, checked_password(password, user=user))
    user.must_change_password = False
    user.save(update_fields=["password", "must_change_password"])
    user.links.end()


def confirm_password(*, user: User, password: str, address: str = "", device: str = "") -> None:
    """Ask a logged-in user for their password again: a session left open must not be enough.

    ``device``: as at the login. Whoever guesses at this login from elsewhere keeps nobody waiting who is in.

    Raises:
        PasswordWrong; TooManyAttempts and Busy, as at the login.
    """
    with hashing.slots().admitted():
        attempt = delays.begin(_counted(user.username, address, device, user), tried=password)
        try:
            right = hashing.is_password_of(user, password)
        except BaseException:
            attempt.take_back()
            raise
    if not right:
        raise PasswordWrong(errors=[FieldError("password", PasswordWrong.code, PasswordWrong.sentence())])
    attempt.succeeded()


def _expect_unchanged(user: User) -> None:
    """Hold ``user`` as they were when the password was proved. In the caller's transaction.

    Raises:
        LoginRefused: the password was changed, or the logins were ended, while this one waited for its turn to hash.
    """
    if not User.objects.unchanged(user).select_for_update().exists():
        raise LoginRefused


def change_password(
    *, password: str, new_password: str, family: TokenFamily, by: User, address: str = "", device: str = ""
) -> int:
    """Change one's own password. All other logins end; returns how many.

    Raises:
        PasswordWrong, PasswordTooWeak, TooManyAttempts, Busy. LoginRefused: it was changed meanwhile.
    """
    confirm_password(user=by, password=password, address=address, device=device)
    with transaction.atomic():
        _expect_unchanged(by)
        try:
            set_password(by, new_password)
        except Invalid as refusal:
            refusal.errors = tuple(replace(error, field="new_password") for error in refusal.errors)
            raise
        ended = tokens.end_logins(by, because="password changed", keep=family)
        tokens.finish_setup(family)
        trail.record(by, "accounts.password-changed", by, after={"logins_ended": ended})
    return ended


def remove_second_factor(*, password: str, code: str, by: User, address: str = "", device: str = "") -> None:
    """Give up one's own second factor, against password and code.

    Raises:
        NoSecondFactor, SecondFactorNeeded; and as ``prove_identity``.
    """
    proved = prove_identity(login=by.username, password=password, code=code, address=address, device=device)
    with transaction.atomic():
        _expect_unchanged(proved)
        second_factor.remove(by=by)


def forget_password(*, login: str, address: str = "") -> None:
    """Ask for a link by e-mail. Does the same work and says the same whether the login exists or not.

    Beyond a few requests for one login in 15 minutes nothing more is sent, silently: the letters are there.

    Raises:
        TooManyAttempts: many were asked for from this address; after the wait this one is sent.
    """
    user = User.objects.known_as(login.strip()).first()
    try:
        delays.begin({FORGOTTEN: _name_of(login, user), FORGOTTEN_FROM_HERE: address}, tried=login)
    except TooManyAttempts as wait:
        if wait.pressed:
            raise
        return
    with transaction.atomic():
        events.publish(PasswordForgotten(login=login.strip()))
