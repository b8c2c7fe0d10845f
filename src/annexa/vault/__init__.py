"""Append-only bytes: evidence, ledger tiles, signing keys.

    VaultError                    bytes cannot be kept or given out
    ├── BlobMissingError          no evidence is stored under this digest
    ├── BlobForgedError           the stored evidence no longer has the digest it is stored under
    ├── BlobTooLargeError         what is to be stored is larger than allowed
    ├── KeyRefusedError           a signing key cannot be used: open to others, damaged, or of another name
    ├── TileConflictError         a published ledger file would be changed
    └── TileMissingError          a ledger file does not exist (yet)

The disk itself failing, being full or forbidding access shows as OSError.
"""


class VaultError(Exception):
    """Bytes cannot be kept or given out."""
