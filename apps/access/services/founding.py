"""The first login of a school: nobody is in who could let it in, so an operator's command does."""

from __future__ import annotations

from django.db import transaction

from apps.access.errors import AlreadyAdministered
from apps.access.models import Role
from apps.access.permissions import ADMINISTRATOR
from apps.access.services.gate import administrators
from apps.access.services.roles import put_in_role
from apps.accounts import services as accounts
from apps.accounts.models import User
from schoolops.audit.trail import SYSTEM
from schoolops.tenancy.founders import FirstLogin, lets_the_first_in


@lets_the_first_in
@transaction.atomic
def first_administrator(*, username: str, email: str = "", by_mail: bool = False) -> FirstLogin:
    """Make ``username`` administrator of the current school, or find that it is; again, it gets a new link.

    ``by_mail``: the link goes to its e-mail, and nobody else reads it.

    Raises:
        AlreadyAdministered: somebody else has the role and a password, and lets others in. UsernameMalformed,
        UsernameReserved, EmailTaken; UserInactive, NoEmail.
    """
    # Locks the role: two commands at once make one login.
    there = administrators()
    user = User.objects.known_as(username).first()
    if user is not None and there.filter(user=user).exists():
        return FirstLogin(username=user.username, link="", until="")
    if there.exists():
        raise AlreadyAdministered
    if user is None:
        user = accounts.create_user(username=username, email=email, by=SYSTEM)
    put_in_role(user=user, role=Role.objects.get(code=ADMINISTRATOR), institution=None, by=SYSTEM)
    if by_mail:
        accounts.mail_link(user=user, by=SYSTEM)
        return FirstLogin(username=user.username, link="", until="", mailed_to=user.email)
    handed = accounts.hand_out_link(user=user, by=SYSTEM)
    return FirstLogin(username=user.username, link=handed.link, until=f"{handed.expires_at:%Y-%m-%d %H:%M}")
