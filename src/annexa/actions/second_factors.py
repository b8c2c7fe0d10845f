"""Second factors: an app that shows codes, passkeys, codes on paper. Each that comes or goes is in the ledger.

A passkey is checked by the fido2 library of Yubico (W3C Web Authentication, level 3); codes by pure.second_factors.
"""

import base64
import hashlib
import json
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.crypto import salted_hmac
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from annexa.actions.door import Door, door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError
from annexa.actions.sign_in import write_sessions_end
from annexa.pure.permits import ANNEXA, Actor
from annexa.pure.second_factors import (
    RECOVERY_BYTES,
    SECRET_BYTES,
    recovery_digest,
    recovery_text,
    totp_step,
)
from annexa.pure.second_factors import (
    RECOVERY_CODES as HOW_MANY,
)
from annexa.records.people import Person
from annexa.records.sign_in import PASSKEY, RECOVERY_CODES, TOTP, SecondFactor, SecondFactorRemoval

LONGEST_NAME = 100
MOST_PASSKEYS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where passkeys are valid: the host name, and the whole origin a browser must report (WebAuthn, 5.1.3)."""

    host: str
    origin: str
    name: str

    def server(self) -> Fido2Server:
        """What makes and checks challenges for it."""
        party = PublicKeyCredentialRpEntity(id=self.host, name=self.name)
        return Fido2Server(party, verify_origin=lambda said: said == self.origin)


# --- which there are


def factors_of(person: Person) -> list[SecondFactor]:
    """The second factors of a person that are in use, oldest first. Recovery codes are among them."""
    rows = SecondFactor.objects.filter(person=person, removal=None).order_by("recorded_at", "id")
    return list(rows)


def has_second_factor(person: Person) -> bool:
    """Whether a password alone does not let them in. Recovery codes alone are no second factor."""
    rows = SecondFactor.objects.filter(person=person, removal=None)
    return bool(rows.exclude(what=RECOVERY_CODES).exists())


def must_have(person: Person) -> bool:
    """Whether the organisation asks this person for a second factor."""
    asked: str = settings.MFA_REQUIRED
    return asked == "everybody" or (asked == "administrators" and person.role == "administrator")


# --- an app that shows codes


def fresh_secret() -> bytes:
    """A secret for an app, to be shown once."""
    return secrets.token_bytes(SECRET_BYTES)


def add_totp(*, actor: Actor, person: Person, secret: bytes, code: str, name: str, now: datetime) -> SecondFactor:
    """Takes an app into use, once it has shown a right code. Ledger: second_factor. Raises InvalidError, ConflictError.

    The secret is kept encrypted: a copy of the database alone does not hold it.
    """
    step = totp_step(secret, code, seconds=now.timestamp(), after=0)
    if step is None:
        raise InvalidError(
            {"code": ["This is not the code of the app now. Wait for the next one, and see that its clock is right."]}
        )
    with door(actor=actor, verb="add_second_factor", now=now) as opened:
        _lock(person)
        if any(one.what == TOTP for one in factors_of(person)):
            raise ConflictError("A code app is in use already. Remove it first to use another one.")
        kept = _encrypted(secret)
        return _write(opened, person, what=TOTP, name=name, kept=kept, counter=step, now=now)


NONCE = 12
"""Bytes of AES-GCM's nonce (NIST SP 800-38D, 8.2.2); random, for some thousands of secrets under one key."""
_ABOUT = b"annexa second factors"


def _box() -> AESGCM:
    """AES-256 in GCM, under a key that follows from the secret key (HKDF, RFC 5869)."""
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=_ABOUT).derive(settings.SECRET_KEY.encode()))


def _encrypted(secret: bytes) -> str:
    nonce = secrets.token_bytes(NONCE)
    return base64.b64encode(nonce + _box().encrypt(nonce, secret, _ABOUT)).decode()


def _decrypted(kept: str) -> bytes | None:
    """The secret; None if it was kept under another secret key, or changed."""
    try:
        sealed = base64.b64decode(kept, validate=True)
        return _box().decrypt(sealed[:NONCE], sealed[NONCE:], _ABOUT)
    except (InvalidTag, ValueError):
        return None


# --- recovery codes


def make_recovery_codes(*, actor: Actor, person: Person, now: datetime) -> list[str]:
    """Ten codes, each good for one sign-in; those made before end. Shown once: only digests are kept.

    Ledger: second_factor, second_factor_removal. Raises ConflictError without another second factor.
    """
    codes = [secrets.token_bytes(RECOVERY_BYTES) for _ in range(HOW_MANY)]
    texts = [recovery_text(code) for code in codes]
    kept = json.dumps([recovery_digest(text) for text in texts])
    with door(actor=actor, verb="add_second_factor", now=now) as opened:
        _lock(person)
        if not has_second_factor(person):
            raise ConflictError("Add a code app or a passkey first; recovery codes stand in for one that is lost.")
        for old in factors_of(person):
            if old.what == RECOVERY_CODES:
                _remove(opened, old, by=person, now=now)
        _write(opened, person, what=RECOVERY_CODES, name="Recovery codes", kept=kept, now=now)
    return texts


# --- passkeys


def begin_passkey(person: Person, site: Site) -> tuple[dict[str, Any], Any]:
    """What a browser needs to make a passkey, and what must be kept until it has."""
    own = [one for one in factors_of(person) if one.what == PASSKEY]
    user = PublicKeyCredentialUserEntity(
        id=salted_hmac("annexa.passkey", str(person.pk), algorithm="sha256").digest(),
        name=person.email,
        display_name=person.name,
    )
    options, state = site.server().register_begin(
        user,
        _descriptors(own),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return dict(options), state


def add_passkey(
    *, actor: Actor, person: Person, site: Site, state: Any, response: Mapping[str, Any], name: str, now: datetime
) -> SecondFactor:
    """Takes a passkey into use that a browser has made. Ledger: second_factor. Raises InvalidError, ConflictError."""
    try:
        made = site.server().register_complete(state, RegistrationResponse.from_dict(response))
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise InvalidError({"passkey": ["The browser's answer does not fit what was asked. Try once more."]}) from error
    data = made.credential_data
    if data is None:
        raise InvalidError({"passkey": ["The browser made no passkey."]})
    kept = json.dumps({"credential": base64.b64encode(bytes(data)).decode()})
    credential = hashlib.sha256(data.credential_id).hexdigest()
    with door(actor=actor, verb="add_second_factor", now=now) as opened:
        _lock(person)
        own = [one for one in factors_of(person) if one.what == PASSKEY]
        if len(own) >= MOST_PASSKEYS:
            raise ConflictError(f"{MOST_PASSKEYS} passkeys are enough; remove one first.")
        if SecondFactor.objects.filter(credential=credential).exists():
            raise ConflictError("This passkey was used here before. Make a new one.")
        return _write(
            opened, person, what=PASSKEY, name=name, kept=kept, credential=credential, counter=made.counter, now=now
        )


def ask_passkey(person: Person | None, site: Site) -> tuple[dict[str, Any], Any]:
    """What a browser needs to prove that it has a passkey, and what must be kept until it has.

    None: whoever has one may sign in with it alone; then the browser must have asked for a finger, a face or a PIN.
    """
    own = [one for one in factors_of(person) if one.what == PASSKEY] if person else None
    wanted = UserVerificationRequirement.PREFERRED if person else UserVerificationRequirement.REQUIRED
    options, state = site.server().authenticate_begin(
        None if own is None else _descriptors(own), user_verification=wanted
    )
    return dict(options), state


def check_passkey(
    *, person: Person | None, site: Site, state: Any, response: Mapping[str, Any], now: datetime
) -> Person | None:
    """Whose passkey answered, if it is right and, where `person` is given, theirs; else None. Ledger: nothing.

    A signature counter that goes back is a copied key and is refused (WebAuthn, 7.2, step 22).
    """
    try:
        said = AuthenticationResponse.from_dict(response)
        credential = hashlib.sha256(said.raw_id).hexdigest()
        row = SecondFactor.objects.select_related("person").filter(credential=credential, removal=None).first()
        if row is None or (person is not None and row.person_id != person.pk):
            return None
        site.server().authenticate_complete(state, [_credential(row)], said)
        if person is None and not said.response.authenticator_data.is_user_verified():
            return None  # whatever the challenge was made for
        counter = said.response.authenticator_data.counter
    except (ValueError, TypeError, LookupError, AttributeError):
        return None
    with door(actor=ANNEXA, verb="note_sign_in", now=now):
        rows = SecondFactor.objects.filter(id=row.id)
        rows = rows.filter(counter__lt=counter) if counter else rows.filter(counter=0)
        taken = rows.update(counter=counter, last_used_at=now)
    found: Person = row.person
    return found if taken and found.is_active else None


def _credential(row: SecondFactor) -> AttestedCredentialData:
    return AttestedCredentialData(base64.b64decode(json.loads(row.kept)["credential"]))


def _descriptors(rows: Sequence[SecondFactor]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=_credential(row).credential_id)
        for row in rows
    ]


# --- proving it


def check_code(*, person: Person, typed: str, now: datetime) -> str:
    """Which factor a typed code is of, "totp" or "recovery_codes"; "" if of none. None is taken twice. Ledger: nothing.

    The database decides which of two who come at once was first.
    """
    for one in factors_of(person):
        taken = False
        if one.what == TOTP:
            taken = _take_totp(one, typed, now)
        elif one.what == RECOVERY_CODES:
            taken = _take_recovery(one, typed, now)
        if taken:
            return one.what
    return ""


def _take_totp(one: SecondFactor, typed: str, now: datetime) -> bool:
    secret = _decrypted(one.kept)
    if secret is None:
        return False
    step = totp_step(secret, typed, seconds=now.timestamp(), after=one.counter)
    if step is None:
        return False
    with door(actor=ANNEXA, verb="note_sign_in", now=now):
        rows = SecondFactor.objects.filter(id=one.id, counter__lt=step)
        return bool(rows.update(counter=step, last_used_at=now))


def _take_recovery(one: SecondFactor, typed: str, now: datetime) -> bool:
    digest = recovery_digest(typed)
    if digest not in json.loads(one.kept):
        return False
    with door(actor=ANNEXA, verb="note_sign_in", now=now):
        row = SecondFactor.objects.select_for_update().get(id=one.id)
        if digest in row.used:
            return False
        SecondFactor.objects.filter(id=one.id).update(used=[*row.used, digest], last_used_at=now)
    return True


def codes_left(one: SecondFactor) -> int:
    """How many recovery codes were not used yet."""
    return len(set(json.loads(one.kept)) - set(one.used))


# --- ending


def remove_second_factor(*, actor: Actor, person: Person, factor: str, now: datetime) -> SecondFactor:
    """Takes one of one's own factors out of use. With the last one the recovery codes end too.

    Ledger: second_factor_removal. Raises NotFoundError, and ConflictError for the last one where one must have one.
    """
    with door(actor=actor, verb="end_second_factor", now=now) as opened:
        _lock(person)
        own = factors_of(person)
        found = next((one for one in own if one.id == factor), None)
        if found is None:
            raise NotFoundError("There is no such second factor of yours.")
        others = [one for one in own if one.what != RECOVERY_CODES and one.id != factor]
        if not others and found.what != RECOVERY_CODES and must_have(person):
            raise ConflictError("Your organisation asks you for a second factor. Add another one before this one goes.")
        ends = [found] if others or found.what == RECOVERY_CODES else own
        for one in ends:
            _remove(opened, one, by=person, now=now)
    return found


def reset_second_factors(*, actor: Actor, by: Person | None, person: Person, now: datetime, because: str) -> int:
    """Takes all second factors of somebody out of use and ends their sessions; how many factors. The password stays.

    `because` says how it was made sure that it is they who ask. Ledger: second_factor_removal for each, sessions_end.
    Raises InvalidError without it, ConflictError if there is no factor, NotPermittedError.
    """
    if not because.strip():
        raise InvalidError({"because": ["Say how you made sure that it is they who ask; it goes into the ledger."]})
    with door(actor=actor, verb="reset_second_factors", now=now, because=because.strip()) as opened:
        _lock(person)
        own = factors_of(person)
        if not own:
            raise ConflictError(f"{person.name} has no second factor.")
        for one in own:
            _remove(opened, one, by=by, now=now)
        write_sessions_end(opened, person)
    return len(own)


def _lock(person: Person) -> None:
    """One change of a person's factors at a time."""
    Person.objects.select_for_update().get(pk=person.pk)


def _write(
    opened: Door,
    person: Person,
    *,
    what: str,
    name: str,
    kept: str,
    now: datetime,
    credential: str | None = None,
    counter: int = 0,
) -> SecondFactor:
    name = name.strip()[:LONGEST_NAME] or "Without a name"
    made = SecondFactor(
        id=uuid.uuid4().hex,
        person=person,
        what=what,
        name=name,
        kept=kept,
        credential=credential,
        counter=counter,
        recorded_at=now,
    )
    opened.write(made, kind="second_factor", subject=f"second_factor/{made.id}")
    return made


def _remove(opened: Door, one: SecondFactor, *, by: Person | None, now: datetime) -> None:
    row = SecondFactorRemoval(id=uuid.uuid4().hex, factor=one, because=opened.because, recorded_at=now, by=by)
    opened.write(row, kind="second_factor_removal", subject=f"second_factor/{one.id}")
