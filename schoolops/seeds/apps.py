from django.apps import AppConfig


class SeedsConfig(AppConfig):
    """The app that remembers what a school was offered."""

    name = "schoolops.seeds"
    label = "seeds"
