"""Signed webhooks after the specification Standard Webhooks 1.0 (github.com/standard-webhooks/standard-webhooks)."""

import base64
import hashlib
import hmac
from collections.abc import Mapping


def signed_headers(message_id: str, seconds: int, body: bytes, secret: bytes | None) -> Mapping[str, str]:
    """The headers that identify a message and, with a secret, prove where it is from. seconds: since the epoch.

    >>> headers = signed_headers("msg_1", 1_795_255_200, b"{}", b"k" * 24)
    >>> headers["webhook-signature"]
    'v1,HVYgSUJwUtPDaqu4bE5oRuVMkF7S6slvrkXRbyo3Lo4='
    """
    headers = {"webhook-id": message_id, "webhook-timestamp": str(seconds)}
    if secret is not None:
        signed = f"{message_id}.{seconds}.".encode() + body
        digest = hmac.new(secret, signed, hashlib.sha256).digest()
        headers["webhook-signature"] = "v1," + base64.b64encode(digest).decode()
    return headers
