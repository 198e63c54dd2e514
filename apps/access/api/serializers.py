"""What comes in is checked here; what goes out is documented here."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

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
