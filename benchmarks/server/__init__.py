"""The web server against its fallback, on the real student list and on a view that does nothing."""
