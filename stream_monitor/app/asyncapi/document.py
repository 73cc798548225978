"""The whole AsyncAPI document: what the monitor reads and writes, as one configuration has it or as none in particular."""

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote

from stream_monitor import __version__
from stream_monitor.app.asyncapi.channels import channels, operations
from stream_monitor.app.asyncapi.components import lifted
from stream_monitor.app.asyncapi.messages import DOCUMENTS, JSON, messages
from stream_monitor.config import Settings
from stream_monitor.formats.schema_parts import Schema

VERSION: Final = "3.1.0"
_DESCRIPTION: Final = """\
Drift monitor on Kafka: events of models in, drift events out. Operations are those of the monitor: it receives events and \
sends alerts. What it sends is written in transactions: read with isolation.level=read_committed. Fields may be added to \
messages; ignore those you do not know.
"""
_ENCRYPTED: Final = ("ssl", "sasl_ssl")
_MECHANISMS: Final[Mapping[str, str]] = {
    "PLAIN": "plain",
    "SCRAM-SHA-256": "scramSha256",
    "SCRAM-SHA-512": "scramSha512",
    "GSSAPI": "gssapi",
}


def document(settings: Settings | None = None) -> Schema:
    """The document of these settings, or of the defaults and any input. The same settings give the same document.

    Nothing secret is in it: of the settings of Kafka only brokers, group, topics and the kind of protection.
    """
    known = settings or Settings()
    return {
        "asyncapi": VERSION,
        "id": f"urn:stream-monitor:{quote(known.kafka.group_id, safe='')}",
        "info": {
            "title": "stream-monitor",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
            "tags": [{"name": "drift"}, {"name": "kafka"}],
        },
        "defaultContentType": JSON,
        "servers": dict(_servers(known)),
        "channels": channels(known),
        "operations": operations(known),
        "components": {
            "messages": messages(),
            "schemas": lifted({name: schema() for name, schema in DOCUMENTS.items()}),
        },
    }


def _servers(settings: Settings) -> Iterator[tuple[str, Schema]]:
    properties = settings.kafka.properties
    security = properties["security.protocol"].value.lower() if "security.protocol" in properties else ""
    server: Schema = {"protocol": "kafka-secure" if security in _ENCRYPTED else "kafka"}
    if security.startswith("sasl"):
        names = [one for one in ("sasl.mechanism", "sasl.mechanisms") if one in properties]
        mechanism = properties[names[0]].value.upper() if names else "GSSAPI"  # as librdkafka
        if mechanism in _MECHANISMS:
            server["security"] = [{"type": _MECHANISMS[mechanism]}]
    brokers = (settings.kafka.bootstrap_servers or "").split(",")
    if brokers == [""]:
        variable = {"default": "localhost:9092", "description": "A broker to start from."}
        yield "kafka", {"host": "{broker}", **server, "variables": {"broker": variable}}
        return
    for at, broker in enumerate(brokers, 1):
        yield "kafka" if len(brokers) == 1 else f"kafka-{at}", {"host": broker, **server}
