import base64
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from stream_monitor.formats.webhooks import signed_headers

SECRET = b"0123456789abcdef0123456789abcdef"
BODY = b'{"type":"io.stream-monitor.drift.opened.v1"}'


def verifier() -> Webhook:
    """The reference implementation."""
    return Webhook("whsec_" + base64.b64encode(SECRET).decode())


def test_the_reference_implementation_verifies_what_is_signed() -> None:
    headers = signed_headers("event-1", int(time.time()), BODY, SECRET)
    verifier().verify(BODY, dict(headers))
    with pytest.raises(WebhookVerificationError):
        verifier().verify(BODY + b" ", dict(headers))
    with pytest.raises(WebhookVerificationError):
        verifier().verify(BODY, {**headers, "webhook-id": "event-2"})


def test_without_a_secret_there_is_no_signature() -> None:
    assert signed_headers("event-1", 7, BODY, None) == {"webhook-id": "event-1", "webhook-timestamp": "7"}
