from django.apps import AppConfig


class RolloutsConfig(AppConfig):
    """The rollouts' app."""

    name = "schoolops.rollouts"
    label = "rollouts"

    def ready(self) -> None:
        from schoolops.rollouts import errors  # noqa: F401
