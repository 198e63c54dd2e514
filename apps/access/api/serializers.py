"""What comes in is checked here; what goes out is documented here."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from schoolops.api.fields import Day, Email

Shape = serializers.Serializer[Any]


class HeldRoleOut(Shape):
    code = serializers.CharField()
    name = serializers.CharField()
    scope = serializers.CharField(help_text="everything, or whose rows: teacher, guardian, student.")
    institution_id = serializers.UUIDField(allow_null=True, help_text="Null: at every institution.")


class MySchoolOut(Shape):
    slug = serializers.CharField()
    name = serializers.CharField()


class MeOut(Shape):
    id = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.CharField()
    given_name = serializers.CharField()
    family_name = serializers.CharField()
    name = serializers.CharField()
    language = serializers.CharField()
    access_until = serializers.DateTimeField(allow_null=True)
    setup_missing = serializers.CharField()
    school = MySchoolOut()
    roles = HeldRoleOut(many=True)
    permissions = serializers.ListField(child=serializers.CharField())


class ScopeOut(Shape):
    scope = serializers.CharField()
    institution_id = serializers.UUIDField(allow_null=True)


class MyPermissionOut(Shape):
    code = serializers.CharField()
    sentence = serializers.CharField()
    scopes = ScopeOut(many=True)


class MyPermissionsOut(Shape):
    roles = HeldRoleOut(many=True)
    permissions = MyPermissionOut(many=True)


class PermissionOut(Shape):
    code = serializers.CharField()
    sentence = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField(), help_text="Built-in roles that begin with it.")


class PermissionsOut(Shape):
    results = PermissionOut(many=True)
    next = serializers.CharField(allow_null=True, help_text="Always null: they are all here.")


class RoleOut(Shape):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    builtin = serializers.BooleanField()
    scope = serializers.CharField()
    version = serializers.IntegerField()
    permissions = serializers.ListField(child=serializers.CharField())


def _codes(**options: Any) -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(max_length=80), max_length=500, **options)


class RoleIn(Shape):
    name = serializers.CharField(max_length=80)
    code = serializers.SlugField(max_length=40, required=False, default="", help_text="From the name, unless said.")
    scope = serializers.CharField(max_length=20, required=False, default="everything")
    permissions = _codes()


class RoleNameIn(Shape):
    name = serializers.CharField(max_length=80)
    version = serializers.IntegerField(required=False)


class RolePermissionsIn(Shape):
    permissions = _codes()
    version = serializers.IntegerField(required=False)


class RoleAssignmentOut(Shape):
    id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    username = serializers.CharField()
    role = serializers.CharField()
    institution_id = serializers.UUIDField(allow_null=True)
    starts_on = Day(allow_null=True)
    ends_on = Day(allow_null=True, help_text="The first day on which it is no longer held.")


class RoleAssignmentIn(Shape):
    user_id = serializers.UUIDField()
    role = serializers.CharField(max_length=40, help_text="The role's code.")
    institution_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    starts_on = Day(required=False, allow_null=True, default=None)
    ends_on = Day(required=False, allow_null=True, default=None)


class UserRoleOut(Shape):
    assignment_id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    scope = serializers.CharField()
    institution_id = serializers.UUIDField(allow_null=True)
    starts_on = Day(allow_null=True)
    ends_on = Day(allow_null=True)


class UserOut(Shape):
    id = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.CharField()
    given_name = serializers.CharField()
    family_name = serializers.CharField()
    language = serializers.CharField()
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    deactivated_at = serializers.DateTimeField(allow_null=True)
    access_until = serializers.DateTimeField(allow_null=True)
    roles = UserRoleOut(many=True)


class WantedRoleIn(Shape):
    role = serializers.CharField(max_length=40)
    institution_id = serializers.UUIDField(required=False, allow_null=True, default=None)


class UserIn(Shape):
    username = serializers.CharField(max_length=150)
    email = Email(required=False, default="", allow_blank=True)
    given_name = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)
    family_name = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)
    language = serializers.CharField(max_length=12, required=False, default="", allow_blank=True)
    roles = WantedRoleIn(many=True, required=False, default=list)
    by_mail = serializers.BooleanField(required=False, default=False)


class LetInOut(Shape):
    user = UserOut()
    link = serializers.CharField(allow_null=True, help_text="To print, shown this once; null when it goes by e-mail.")
    token = serializers.CharField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)


class AuditOut(Shape):
    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor_id = serializers.CharField(allow_blank=True)
    actor_name = serializers.CharField()
    action = serializers.CharField()
    object_type = serializers.CharField()
    object_id = serializers.CharField()
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    request_id = serializers.CharField(allow_blank=True)
