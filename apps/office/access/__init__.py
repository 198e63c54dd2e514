"""Logins, letting in, inviting, roles, and the trail."""
