"""One file per foreign format: bytes in, items out."""
