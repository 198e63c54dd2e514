from django.apps import AppConfig


class CopiesConfig(AppConfig):
    """Copies of one school. Nothing of it stands in a school; its errors are known from the start, as everybody's."""

    name = "schoolops.copies"
    label = "copies"

    def ready(self) -> None:
        from schoolops.copies import errors  # noqa: F401
