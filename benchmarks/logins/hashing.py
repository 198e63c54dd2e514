"""What the hash allows. In a module of its own, for the processes that measure it."""

from __future__ import annotations

import sys
import time

from argon2.low_level import Type, hash_secret

from apps.accounts.hashers import SchoolArgon2Hasher as Ours


def hash_for(seconds: float) -> float:
    """Hashes per second of processor time."""
    began, hashes = time.process_time(), 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        hash_secret(
            b"correct horse battery staple",
            b"salt" * 4,
            time_cost=Ours.time_cost,
            memory_cost=Ours.memory_cost,
            parallelism=Ours.parallelism,
            hash_len=32,
            type=Type.ID,
        )
        hashes += 1
    return hashes / (time.process_time() - began)


if __name__ == "__main__":
    print(hash_for(float(sys.argv[1])))
