"""`annexa backup` and `annexa restore`: everything in one file, and an installation from one."""

import argparse
from pathlib import Path
from typing import Any

from annexa.cli import words
from annexa.cli.checks import print_checks


def add_parsers(sub: Any) -> None:
    """Adds the commands."""
    one = sub.add_parser(
        "backup",
        help="everything in one file, while the server goes on",
        epilog="example: annexa backup annexa-2026-11-20.backup --encrypt-to-passphrase-file passphrase.txt",
    )
    one.add_argument("file", type=Path, metavar="FILE", help="must not be there yet")
    one.add_argument(
        "--encrypt-to-passphrase-file", type=Path, metavar="F", help="encrypt; the passphrase is the first line of F"
    )
    keys = one.add_mutually_exclusive_group()
    keys.add_argument("--with-keys", action="store_true", default=None, help="keys too, although nothing is encrypted")
    keys.add_argument("--without-keys", action="store_false", dest="with_keys", help="leave the keys out")
    one.add_argument(
        "--without-activity",
        action="store_true",
        help="leave the activity log out, which may be large",
    )
    one.set_defaults(run=backup)
    two = sub.add_parser(
        "restore",
        help="an installation from a backup, in an empty home",
        epilog="example: annexa restore annexa-2026-11-20.backup --passphrase-file passphrase.txt",
    )
    two.add_argument("file", type=Path, metavar="FILE", help="as annexa backup wrote it")
    two.add_argument("--passphrase-file", type=Path, metavar="F", help="the passphrase is the first line of F")
    two.add_argument("--check", action="store_true", help="only prove that the file is whole; restore nothing")
    two.set_defaults(run=restore, makes_home=True)


def backup(args: argparse.Namespace) -> int:
    """Writes the file, whole or not at all. 1 if something that belongs into it is missing or damaged."""
    from annexa.actions.backups import back_up
    from annexa.pure.permits import ANNEXA

    about = back_up(
        actor=ANNEXA,
        file=args.file,
        passphrase=_passphrase(args.encrypt_to_passphrase_file),
        with_keys=args.with_keys,
        with_activity=not args.without_activity,
        now=words.now(),
        say=words.Progress,
    )
    words.say(f"{args.file}: {about.told}, {_keys(about.keys)}, {args.file.stat().st_size / 1024**2:,.1f} MiB.")
    for sentence in about.all_missing:
        words.say(f"MISSING  {sentence}")
    if about.log is None:
        words.say("The activity log is not in it: copy the folder activity of the store some other way.")
    if about.all_missing:
        words.say("Everything else is in the backup. Look for these in an older one: annexa restore brings them back.")
    return 1 if about.all_missing else 0


def restore(args: argparse.Namespace) -> int:
    """Restores and verifies, or only looks. 1 if the file is damaged, or something in it does not hold."""
    from annexa.actions import backups
    from annexa.answers.backup import examine_backup
    from annexa.pure.permits import ANNEXA
    from annexa.vault.archive import ArchiveDamagedError

    passphrase = _passphrase(args.passphrase_file)
    try:
        if args.check:
            about = examine_backup(args.file, passphrase, say=words.Progress)
            print(f"holds  Every byte is as it was written: {about.told}")
            print(f"       made {about.made_at} by Annexa {about.annexa}, {_keys(about.keys)}")
            return 0
        done = backups.restore(actor=ANNEXA, file=args.file, passphrase=passphrase, now=words.now(), say=words.Progress)
    except ArchiveDamagedError as error:
        words.say(f"annexa: {error}")
        return 1
    print_checks(done.checks)
    if done.position is None:
        words.say("Restored, but something does not hold; nothing more was written. Do what stands under it first.")
        return 1
    words.say(f"Restored: {done.about.told}. Entry {done.position} of the ledger tells of it. Start with: annexa serve")
    return 0


def _keys(there: bool) -> str:
    return "with keys" if there else "without keys"


def _passphrase(file: Path | None) -> str | None:
    from annexa.actions.backups import read_passphrase

    return read_passphrase(file) if file else None
