"""Keys of single purposes, derived from the installation's one secret."""

from __future__ import annotations

import hashlib
import hmac


def derive(secret: str, purpose: str) -> bytes:
    """Return the 32 bytes that stand for `secret` where only `purpose` may know them (HMAC-SHA256)."""
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).digest()


def token(secret: str, purpose: str) -> str:
    """Return `derive` as text for a header or an environment variable."""
    return derive(secret, purpose).hex()
