"""Connections to Redis or Valkey: every timeout said, no retry hidden, an outage is one exception."""
