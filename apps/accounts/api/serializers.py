"""What comes in is checked here; what goes out is documented here."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

from apps.accounts.models import User
from apps.accounts.services import LONGEST_PASSWORD

In = serializers.Serializer[Any]


def secret(**options: Any) -> serializers.CharField:
    """A password: never trimmed."""
    return serializers.CharField(max_length=LONGEST_PASSWORD, trim_whitespace=False, **options)


class LoginIn(In):
    login = serializers.CharField(max_length=254, help_text="Username or e-mail, in any case.")
    password = secret()
    device = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    code = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)


class LoggedInUserOut(In):
    id = serializers.UUIDField()
    username = serializers.CharField()
    name = serializers.CharField()
    language = serializers.CharField()
    setup_missing = serializers.ChoiceField(
        choices=["", "password", "totp"], help_text="What to set up before this login is good for anything else."
    )


class TokensOut(In):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField(help_text="Used once: a second use ends the login.")
    token_type = serializers.CharField(default="Bearer")
    expires_in = serializers.IntegerField(help_text="Seconds until the access token ends.")
    user = LoggedInUserOut()


class RefreshIn(In):
    refresh_token = serializers.CharField(max_length=200)


class ForgottenIn(In):
    login = serializers.CharField(max_length=254)


class SaidOut(In):
    detail = serializers.CharField()


class RedeemIn(In):
    token = serializers.CharField(max_length=200)
    password = secret()


class RedeemedOut(In):
    username = serializers.CharField()


class EndedOut(In):
    ended = serializers.IntegerField(help_text="How many logins ended.")


class PasswordIn(In):
    password = secret(help_text="The present one.")
    new_password = secret(help_text="At least ten characters.")


class EnrolmentOut(In):
    otpauth_uri = serializers.CharField()
    qr = serializers.CharField(help_text="The QR code, an SVG as data URI.")
    secret = serializers.CharField(help_text="To type where no camera is.")


class CodeIn(In):
    code = serializers.CharField(max_length=40)


class RecoveryCodesOut(In):
    recovery_codes = serializers.ListField(child=serializers.CharField(), help_text="Shown this once; each works once.")


class ProofIn(In):
    password = secret()
    code = serializers.CharField(max_length=40)


class UserChangeIn(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields: ClassVar[list[str]] = ["email", "given_name", "family_name", "language"]


class InviteIn(In):
    by_mail = serializers.BooleanField(required=False, default=False)


class LinkOut(In):
    link = serializers.CharField(allow_null=True, help_text="To print; null when it goes by e-mail.")
    token = serializers.CharField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)


class DeactivateIn(In):
    reason = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class PolicyIn(In):
    staff_need_totp = serializers.BooleanField()
    version = serializers.IntegerField(required=False)


class PolicyOut(In):
    staff_need_totp = serializers.BooleanField()
    version = serializers.IntegerField()
