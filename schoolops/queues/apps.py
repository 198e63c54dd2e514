from django.apps import AppConfig


class QueuesConfig(AppConfig):
    """The queues' app."""

    name = "schoolops.queues"
    label = "queues"

    def ready(self) -> None:
        from schoolops.queues import endings, reference, schedule  # noqa: F401
