"""How people stand in the ledger: `person/` and their number."""

_PERSON = "person/"


def person_id(number: int) -> str:
    """The id of a person as an actor."""
    return f"{_PERSON}{number}"


def number_of(actor_id: str) -> int | None:
    """The number of the person that an actor is; None for the program, a service and nobody."""
    number = actor_id.removeprefix(_PERSON)
    return int(number) if number != actor_id and number.isascii() and number.isdecimal() else None
