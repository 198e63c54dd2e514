"""Bytes that we keep for a while and that the database cannot read: sealed with a key made of ``SECRET_KEY``.

Encrypt, then authenticate, with the standard library alone: a keystream of SHAKE-256 over key and a nonce that is used
once (FIPS 202; a sponge keyed by prefix is a pseudo-random function, as in KMAC of SP 800-185), then HMAC-SHA-256 over
nonce and ciphertext under another key. Whoever reads the table, or a backup of it, reads how long an answer is.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from django.conf import settings

_NONCE, _TAG = 16, 32


class Unsealable(Exception):
    """Not sealed by us, for somebody else, changed since, or with a key that we no longer have."""


def _keys(secret: str, owner: str) -> tuple[bytes, bytes]:
    made = hmac.digest(secret.encode(), f"schoolops.api.sealing\0{owner}".encode(), "sha512")
    return made[:32], made[32:]


def _crossed(key: bytes, nonce: bytes, plain: bytes) -> bytes:
    stream = hashlib.shake_256(key + nonce).digest(len(plain))
    return (int.from_bytes(plain) ^ int.from_bytes(stream)).to_bytes(len(plain))


def seal(plain: bytes, *, owner: str) -> bytes:
    """``plain`` for ``owner``: nonce, tag and ciphertext, 48 bytes longer."""
    encrypts, proves = _keys(settings.SECRET_KEY, owner)
    nonce = secrets.token_bytes(_NONCE)
    crossed = _crossed(encrypts, nonce, plain)
    return nonce + hmac.digest(proves, nonce + crossed, "sha256") + crossed


def unseal(sealed: bytes, *, owner: str) -> bytes:
    """What was sealed for ``owner``, also with one of ``SECRET_KEY_FALLBACKS``. Raises ``Unsealable``."""
    nonce, tag, crossed = sealed[:_NONCE], sealed[_NONCE : _NONCE + _TAG], sealed[_NONCE + _TAG :]
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        encrypts, proves = _keys(secret, owner)
        if hmac.compare_digest(tag, hmac.digest(proves, nonce + crossed, "sha256")):
            return _crossed(encrypts, nonce, crossed)
    raise Unsealable
