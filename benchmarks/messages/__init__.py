"""Announcements to many, and letters a second."""
