from django.apps import AppConfig


class StudentsConfig(AppConfig):
    """The app of students."""

    name = "apps.students"
    label = "students"
