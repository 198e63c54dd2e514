"""One school day over HTTP, then every route tried by those who must not. ``python -m tests.smoke``."""
