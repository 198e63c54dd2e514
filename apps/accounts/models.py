"""Logins, and the tokens they hold. The tables stand in every school's schema; operators' stand in ``public``."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar, Literal

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import make_password
from django.db import models
from django.db.models import Case, F, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.utils.crypto import salted_hmac

from schoolops import clock, folding, twins
from schoolops.privacy import Fate, Held, Person, Privacy
from schoolops.rows import PublicRow, called

# Of the users through whom operators come in. Nobody else may be called so.
SUPPORT_PREFIX = "support-"


def field_of(login: str) -> Literal["email", "username"]:
    """Which of the two somebody typed as ``login``."""
    return "email" if "@" in login else "username"


def is_reserved(username: str) -> bool:
    """Whether ``username`` reads as one of an operator."""
    return folding.fold(username).startswith(SUPPORT_PREFIX)


class UserManager(models.Manager["User"]):
    """Finds people by what they type into the login form."""

    def known_as(self, login: str) -> models.QuerySet[User]:
        """Whoever has the username or e-mail ``login``, by the fold: nobody or one.

        Of twins the one that is written so, but for capitals; else the one that has the name.
        """
        return self.called(field_of(login), Value(login), Value(folding.fold(login)))

    def called(
        self, field: Literal["email", "username"], login: models.Expression, folded: models.Expression
    ) -> models.QuerySet[User]:
        """The same of what was typed as ``field``."""
        called = self.alias(_login=folding.Fold(field)).filter(_login=folded).exclude(**{field: ""})
        written = Case(
            When(Exact(Lower(field), Lower(login)), then=-1),
            default=F(f"{field}_twin"),
            output_field=models.IntegerField(),
        )
        return self.filter(pk=Subquery(called.order_by(written).values("pk")[:1]))

    def unchanged(self, user: User) -> models.QuerySet[User]:
        """The row of ``user``, unless since it was read the password was changed, or the logins were ended."""
        return self.filter(pk=user.pk, password=user.password, logins_ended_at=user.logins_ended_at, is_active=True)


class User(PublicRow, AbstractBaseUser):
    """A login of one school (or an operator, in ``public``). Students, staff and guardians point here, never back."""

    username = models.CharField(max_length=150)
    username_twin = twins.count()
    email = models.EmailField(blank=True)
    email_twin = twins.count()
    given_name = models.CharField(max_length=100, blank=True)
    family_name = models.CharField(max_length=100, blank=True)
    language = models.CharField(max_length=12, blank=True)
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)
    deactivated_at = models.DateTimeField(null=True, blank=True)
    logins_ended_at = models.DateTimeField(null=True, blank=True, help_text="Sessions begun before are void.")
    access_until = models.DateTimeField(null=True, blank=True, help_text="After this moment the login is void.")
    # Comes with the row that every request reads. What is cached of somebody's permissions is kept under this number,
    # so one that was taken away is not honoured, whatever becomes of the cache.
    access_version = models.PositiveIntegerField(
        default=0, db_default=0, editable=False, help_text="Raised whenever what this login may do changes."
    )
    name_key = folding.stored(folding.NameKey("family_name", "given_name"))
    searched = folding.stored(folding.Searched("username", "email", "given_name", "family_name"))

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()
    privacy: ClassVar[Privacy] = Privacy(
        public=frozenset(
            {
                "id", "sourced_id", "username", "given_name", "family_name", "language", "is_active",
                "must_change_password", "created_at", "deactivated_at", "logins_ended_at", "access_until",
                "access_version", "last_login", "name_key", "username_twin", "email_twin",
            }
        ),
        personal=frozenset({"email", "searched"}),
        secret=frozenset({"password"}),
    )  # fmt: skip

    person: ClassVar[Person] = Person(
        kind="login",
        number="username",
        identity={"username": lambda user: f"erased-{user.sourced_id.hex}", "given_name": "", "family_name": ""},
        blanks={
            "email": "", "language": "", "last_login": None, "is_active": False,
            "logins_ended_at": lambda _: clock.now(), "deactivated_at": lambda _: clock.now(),
            "password": lambda _: make_password(None),
        },
    )  # fmt: skip

    class Meta:
        constraints = (
            twins.once("username", name="user_username_ci"),
            twins.once("email", condition=~Q(email=""), name="user_email_ci"),
            # So that what a person types is either a username or an e-mail, never both of two people.
            models.CheckConstraint(condition=~Q(username__contains="@") & ~Q(username=""), name="user_username_form"),
        )

    def __str__(self) -> str:
        return self.full_name or self.username

    def save(self, **kwargs: Any) -> None:
        if not self._state.adding and kwargs.get("update_fields") is None and not kwargs.get("force_insert"):
            # The number only rises, by `access`: a row read a while ago must not bring an old one back.
            fields = [field.name for field in self._meta.concrete_fields if not field.generated]
            kwargs["update_fields"] = [name for name in fields if name not in {"id", "access_version"}]
        super().save(**kwargs)

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def audit_id(self) -> str:
        return str(self.sourced_id)

    @property
    def audit_name(self) -> str:
        # What the trail and the queues have room for, beside the id; two names of a hundred are 201 with their space.
        return (self.full_name or self.username)[:200]

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        # Django's own takes the password alone: logging out everywhere would leave the sessions of the admin.
        text = f"{self.password}|{self.logins_ended_at}"
        return salted_hmac("apps.accounts.session", text, secret=secret, algorithm="sha256").hexdigest()

    def may_log_in(self, at: dt.datetime) -> bool:
        """Active, and inside the time its access was given for."""
        return self.is_active and (self.access_until is None or at < self.access_until)

    @property
    def is_support(self) -> bool:
        """Whether an operator comes in through this login."""
        return is_reserved(self.username)

    # Django's admin asks these; permission codes live in apps.access.
    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return False

    def has_module_perms(self, app_label: str) -> bool:
        return False

    @property
    def is_staff(self) -> bool:
        return False


class TokenFamily(models.Model):
    """One login on one device: its access and refresh tokens live and die together."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, db_index=False, related_name="token_families")
    # The school the family was made in. Redundant in a school's own schema, and checked all the same.
    school_schema = models.CharField(max_length=63)
    label = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_because = models.CharField(max_length=100, blank=True)
    setup_only = models.BooleanField(
        default=False, help_text="Good for setting a password or a second factor only, until that is done."
    )

    held: ClassVar[Held] = {"user": Fate.GOES}

    def __str__(self) -> str:
        return f"login of {self.user_id} at {self.created_at:%Y-%m-%d %H:%M}"


class Token(models.Model):
    """An access or refresh token: only its SHA-256 is stored (32 bytes)."""

    class Kind(models.TextChoices):
        ACCESS = "a", "access"
        REFRESH = "r", "refresh"

    family = models.ForeignKey(TokenFamily, on_delete=models.CASCADE, db_index=False, related_name="tokens")
    kind = models.CharField(max_length=1, choices=Kind.choices)
    digest = models.BinaryField(max_length=32, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    privacy: ClassVar[Privacy] = Privacy(
        public=frozenset({"id", "family", "kind", "expires_at", "used_at"}), secret=frozenset({"digest"})
    )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} token of login {self.family_id}"


class LinkQuerySet(QuerySet["OneTimeLink"]):
    """Vocabulary of links."""

    def end(self) -> int:
        """None of these opens anything any more; returns how many could."""
        return self.filter(used_at__isnull=True).update(used_at=clock.now())


class OneTimeLink(models.Model):
    """A link by which somebody sets their password, or an operator comes in, once.

    Only the SHA-256 of its secret is stored (32 bytes).
    """

    class Purpose(models.TextChoices):
        INVITE = "invite"
        RESET = "reset"
        SUPPORT = "support"

    user = models.ForeignKey(User, on_delete=models.CASCADE, db_index=False, related_name="links")
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = LinkQuerySet.as_manager()
    held: ClassVar[Held] = {"user": Fate.GOES}

    privacy: ClassVar[Privacy] = Privacy(
        public=frozenset({"id", "user", "purpose", "created_at", "expires_at", "used_at"}),
        secret=frozenset({"digest"}),
    )

    def __str__(self) -> str:
        return called(self.user, self.get_purpose_display())


class AccountPolicy(models.Model):
    """What a school asks of its logins; one row, or none while nothing differs from the default."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    staff_need_totp = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(id=1), name="account_policy_is_one_row"),)

    def __str__(self) -> str:
        return "account policy"
