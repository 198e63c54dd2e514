"""Permissions: what somebody may do, and to which rows."""
