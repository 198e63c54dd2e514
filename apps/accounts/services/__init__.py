"""Logging in and out, and everything an account lives through."""

from __future__ import annotations

from apps.accounts.services.tokens import (
    ACCESS_TOKEN_LIFETIME,
    REFRESH_TOKEN_LIFETIME,
    Issued,
    authenticate_token,
    log_in,
    log_out,
    log_out_everywhere,
    refresh_tokens,
)

__all__ = [
    "ACCESS_TOKEN_LIFETIME",
    "REFRESH_TOKEN_LIFETIME",
    "Issued",
    "authenticate_token",
    "log_in",
    "log_out",
    "log_out_everywhere",
    "refresh_tokens",
]
