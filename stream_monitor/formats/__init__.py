"""Wire formats: bytes to core values and back; knows nothing of where the bytes come from."""
