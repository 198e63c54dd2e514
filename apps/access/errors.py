"""Why something is not allowed."""

from __future__ import annotations

from schoolops.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed


class PermissionMissing(Forbidden):
    """You do not have the permission {permission}."""

    code = "access:permission-missing"
    remedy = "Your school's administrator can add it to your role."


class OutOfReach(NotFound):
    """There is nothing here by that name that you may see."""

    # 404, not 403: whether the row exists is itself private.
    code = "access:out-of-reach"


class BeyondYou(Forbidden):
    """{name} may do what you may not, so you cannot change this login."""

    code = "access:beyond-you"
    remedy = "Your school's administrator can."


class AlreadyAdministered(Conflict):
    """This school has an administrator, who lets others in."""

    code = "access:already-administered"
    remedy = "Ask them, or be let in for support."


class LastAdministrator(Conflict):
    """Nobody would be left who can let others in."""

    code = "access:last-administrator"
    remedy = "Make somebody else administrator first, without an end and for the whole school."


class NotYoursToGive(Forbidden):
    """You cannot give the permission {permission}: you do not hold it yourself wherever it would be held."""

    code = "access:not-yours-to-give"
    remedy = "Somebody who holds it can; an administrator holds all of them."


class RoleChangedMeanwhile(PreconditionFailed):
    """The role {name} was changed meanwhile."""

    code = "access:role-changed-meanwhile"
    remedy = "Read it again and repeat the change."


class PeopleChangedSince(Conflict):
    """By now {count} people can be invited."""

    code = "access:people-changed-since"
    remedy = "Look at who they are, and invite them then."


class RoleUnknown(NotFound):
    """There is no such role."""

    code = "access:role-unknown"


class RoleCodeTaken(Conflict):
    """There already is a role with the code {code}."""

    code = "access:role-code-taken"


class AdministratorIsFixed(Conflict):
    """An administrator holds every permission; that cannot be changed."""

    code = "access:administrator-is-fixed"
    remedy = "Make a role of your own with fewer permissions."


class RoleIsBuiltin(Conflict):
    """{name} comes with every school: its permissions can be changed, but it cannot be removed."""

    code = "access:role-is-builtin"


class RoleInUse(Conflict):
    """Somebody holds the role {name}."""

    code = "access:role-in-use"
    remedy = "Take it away from everybody first: DELETE /api/v1/role-assignments/{id}."


class ScopeUnknown(Invalid):
    """There is no row scope {scope}."""

    code = "access:scope-unknown"


class PermissionUnknown(Invalid):
    """There are no such permissions; see `errors`."""

    code = "access:permission-unknown"
    remedy = "GET /api/v1/permissions lists them."


class AssignmentUnknown(NotFound):
    """There is no such assignment of a role."""

    code = "access:assignment-unknown"


class AssignmentBackwards(Invalid):
    """A role cannot end before it starts."""

    code = "access:assignment-backwards"


class SupportTooLong(Invalid):
    """Support is let in for 1 to {most} minutes."""

    code = "access:support-too-long"


class SupportNeedsAReason(Invalid):
    """The school is to read why support was there."""

    code = "access:support-needs-a-reason"
    remedy = 'Say it with --reason, as in "ticket 4711: rolls of 7 B".'


class OperatorUnknown(NotFound):
    """There is no active operator called {operator}."""

    code = "access:operator-unknown"
    remedy = "`manage.py create_operator` makes one."


class SupportNameTaken(Conflict):
    """Somebody of this school has the username {username}."""

    code = "access:support-name-taken"
    remedy = "Ask the school to give that person another username."


class NoSupportGrant(NotFound):
    """{operator} has no access to {school} that could be ended."""

    code = "access:no-support-grant"


class NotToBeInvited(Conflict):
    """{name} cannot be invited: they have a login by now, no e-mail address, or one that another login has."""

    code = "access:not-to-be-invited"


class RoleBeyondYou(Forbidden):
    """The role {role} can do what you cannot, so that you cannot give it."""

    code = "access:role-beyond-you"
    remedy = "Choose another role, or ask an administrator."
