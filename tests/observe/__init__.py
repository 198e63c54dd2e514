"""``python -m tests.observe``: a real Prometheus against the running stack, and every alert driven by its cause."""
