from django.apps import AppConfig


class CopiesConfig(AppConfig):
    """Copies of one school: backup, restore, comparison, drill. Commands only; nothing of it stands in a school."""

    name = "schoolops.copies"
    label = "copies"
