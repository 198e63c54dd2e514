"""``make bench-logins``."""
