"""The Kafka adapter of the ports: the only package that imports the client library."""
