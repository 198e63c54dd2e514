"""How computers do it: tenancy, cache, queues, observability, resilience. Nothing here has heard of a student."""

__version__ = "0.1.0"
