from django.apps import AppConfig


class FilesConfig(AppConfig):
    """Stored files' app: a command and a nightly task."""

    name = "schoolops.files"
    label = "files"

    def ready(self) -> None:
        from schoolops.files import tasks  # noqa: F401
