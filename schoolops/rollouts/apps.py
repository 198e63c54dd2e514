from django.apps import AppConfig


class RolloutsConfig(AppConfig):
    """The rollouts' app."""

    name = "schoolops.rollouts"
    label = "rollouts"
