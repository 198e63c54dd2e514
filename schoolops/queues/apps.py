from django.apps import AppConfig


class QueuesConfig(AppConfig):
    """The queues' app."""

    name = "schoolops.queues"
    label = "queues"
