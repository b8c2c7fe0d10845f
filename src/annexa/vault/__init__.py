"""Append-only bytes: evidence, ledger tiles, signing keys.

    VaultError                    bytes cannot be kept or given out
    ├── ArchiveDamagedError       an archive is not, or no longer, as it was written
    ├── BlobMissingError          no evidence is stored under this digest
    ├── BlobForgedError           the stored evidence no longer has the digest it is stored under
    ├── BlobTooLargeError         what is to be stored is larger than allowed
    ├── ObjectMissingError        no object is stored under this path
    ├── ObjectExistsError         another object is stored under this path
    ├── ObjectKeptError           the store keeps an object until a day, and refuses to remove it before
    ├── StoreError                the store of objects cannot be reached, or refuses what is asked
    │   ├── ComingError           objects are on their way here, and not all there yet
    │   └── CopiesError           objects cannot be had as files here
    ├── PassphraseError           a passphrase is too short, or not the one
    ├── SealBrokenError           a sealed stream was changed or cut off
    ├── KeyRefusedError           a signing key cannot be used: open to others, damaged, or of another name
    ├── TileConflictError         a published ledger file would be changed
    └── TileMissingError          a ledger file does not exist (yet)

The disk itself failing, being full or forbidding access shows as OSError.
"""


class VaultError(Exception):
    """Bytes cannot be kept or given out."""
