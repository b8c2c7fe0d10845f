"""SCIM 2.0: what a directory sends about people and groups, and what it is told. JSON values in, plain values out.

Of the schemas of RFC 7643 that is kept which means something here. Other attributes are taken and not kept, since
directories send everything they have. The habits of Entra ID and Okta that the RFC does not know are read as meant:
operations in capitals, truth values as text, attribute paths as keys, ids in a body, filters that match nothing yet.

ScimError   what was sent cannot be read, or cannot be done; carries the status and the RFC's own word for it
"""

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    Context,
    Error,
    ETag,
    External,
    Filter,
    Mutability,
    Pagination,
    Patch,
    PatchOp,
    Reference,
    Required,
    Resource,
    ResourceType,
    ResponseParameters,
    Schema,
    SCIMException,
    ScimPolicy,
    SearchRequest,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)
from scim2_models.urn import URN

Kind = Literal["User", "Group"]
MOST_RESULTS = 200
"""How many resources one answer holds at most."""
MOST_OPERATIONS = 1000
"""How many operations one PATCH may hold."""
LONGEST_FILTER = 4000
DEEPEST_FILTER = 20
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_NOT_THEIRS = frozenset({"id", "schemas", "meta", "groups"})
"""Keys that directories send back although only the server may set them: passed over, in any case of letters."""


class ScimError(Exception):
    """What was sent cannot be read or done. `kind` is the scimType of RFC 7644 3.12, "" where it has none."""

    def __init__(self, status: int, kind: str, detail: str) -> None:
        self.status, self.kind, self.detail = status, kind, detail
        super().__init__(detail)


class Name(ComplexAttribute):
    """The parts of a name."""

    formatted: str | None = None
    family_name: str | None = None
    given_name: str | None = None


class Email(ComplexAttribute):
    """An address. The primary one, else the first, is the one somebody is known by here."""

    value: str | None = None
    type: str | None = None
    primary: bool | None = None


class Membership(ComplexAttribute):
    """A group that somebody is in; changed through the group."""

    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    ref: Annotated[Reference["Group"] | None, Mutability.read_only] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    display: Annotated[str | None, Mutability.read_only] = None


class User(Resource[Any]):
    """A person who may sign in."""

    __schema__ = URN(USER)

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    name: Name | None = None
    display_name: str | None = None
    active: bool | None = None
    emails: list[Email] | None = None
    groups: Annotated[list[Membership] | None, Mutability.read_only] = None


class Member(ComplexAttribute):
    """A person in a group."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    ref: Annotated[Reference["User"] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])


class Group(Resource[Any]):
    """A group of people, from which roles may follow."""

    __schema__ = URN(GROUP)

    display_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    members: list[Member] | None = None


_MODELS: Mapping[Kind, type[Resource[Any]]] = {"User": User, "Group": Group}
_POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


# --- what a directory sends


def read(kind: Kind, body: Any) -> dict[str, Any]:
    """The attributes of a person or group to make, or to put in place of what there is. Raises ScimError."""
    said = _object(body)
    known = {name: value for name, value in said.items() if name.casefold() not in {"id", "meta", "groups"}}
    try:
        made = _MODELS[kind].model_validate(known, scim_ctx=Context.RESOURCE_CREATION_REQUEST, scim_policy=_POLICY)
        return _plain(made)
    except (ValidationError, SCIMException) as error:
        raise _refused(error) from error


def patched(kind: Kind, current: Mapping[str, Any], body: Any) -> dict[str, Any]:
    """The attributes after a PATCH of `current`, RFC 7644 3.5.2. Raises ScimError."""
    said = _object(body)
    names = {name.casefold(): name for name in said}
    operations = said.get(names.get("operations", ""))
    if isinstance(operations, list):
        if len(operations) > MOST_OPERATIONS:
            raise ScimError(413, "", f"A PATCH holds at most {MOST_OPERATIONS:,} operations.")
        said = {**said, names["operations"]: [kept for one in operations if (kept := _theirs(one)) is not None]}
        if operations and not said[names["operations"]]:
            return dict(current)
    model: Any = _MODELS[kind]
    try:
        now = model.model_validate(dict(current))
        asked = PatchOp[model].model_validate(said, scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=_POLICY)
        with _POLICY:
            asked.patch(now)
        return _plain(now)
    except (ValidationError, SCIMException) as error:
        raise _refused(error) from error


def _theirs(operation: Any) -> Any:
    """An operation without what only the server sets; None where nothing is left of it."""
    if not isinstance(operation, dict):
        return operation
    names = {str(name).casefold(): name for name in operation}
    value = operation.get(names.get("value", ""))
    if operation.get(names.get("path", "")) or not isinstance(value, dict):
        return operation
    kept = {name: one for name, one in value.items() if str(name).casefold() not in _NOT_THEIRS}
    return {**operation, names["value"]: kept} if kept or not value else None


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ScimError(400, "invalidSyntax", "The body has to be one JSON object.")
    if not _clean(body):
        raise ScimError(400, "invalidValue", "A text holds a NUL or half a character, which nothing can keep.")
    return body


def _clean(value: Any) -> bool:
    """Whether every text in it can be kept by any database."""
    if isinstance(value, str):
        return "\0" not in value and value.encode("utf-8", "ignore").decode() == value
    if isinstance(value, dict):
        return all(_clean(name) and _clean(one) for name, one in value.items())
    return not isinstance(value, list) or all(map(_clean, value))


def _plain(made: Resource[Any]) -> dict[str, Any]:
    found: dict[str, Any] = made.model_dump(scim_policy=_POLICY)
    return {name: value for name, value in found.items() if name not in {"schemas", "meta", "id", "groups"}}


def _refused(error: ValidationError | SCIMException) -> ScimError:
    """Everything that is wrong, in one answer; the first problem gives the status and the word."""
    if isinstance(error, SCIMException):
        detail = _sentence(error.detail or str(error))
        return ScimError(error.status, error.scim_type, detail)
    found = Error.from_validation_errors(error)
    details = " ".join(dict.fromkeys(_sentence(one.detail or "It cannot be read") for one in found))
    return ScimError(found[0].status or 400, found[0].scim_type or "", details)


def _sentence(text: str) -> str:
    """The first line of what a library says, ending in a full stop; nothing of what was typed, nor addresses."""
    first = " ".join(line.strip() for line in text.splitlines() if "errors.pydantic.dev" not in line).strip()
    first = first.removeprefix("Value error, ")
    return first if first.endswith((".", "!")) else f"{first}."


# --- what a directory asks for


def asked_for(kinds: tuple[Kind, ...], said: Mapping[str, Any]) -> "SearchRequest[Any]":
    """What a query or a SearchRequest asks for: filter, order, page, attributes. Raises ScimError."""
    text = said.get("filter")
    if isinstance(text, str) and (len(text) > LONGEST_FILTER or _depth(text) > DEEPEST_FILTER):
        raise ScimError(400, "invalidFilter", f"A filter has at most {LONGEST_FILTER:,} characters in 20 levels.")
    model: Any = reduce(or_, (_MODELS[kind] for kind in kinds))
    try:
        return SearchRequest[model].model_validate(
            {name: value for name, value in said.items() if value not in (None, "")}, scim_policy=_POLICY
        )
    except (ValidationError, SCIMException) as error:
        raise _refused(error) from error


def _depth(text: str) -> int:
    """How many brackets are open at once at most, whatever stands in strings: an upper bound."""
    deepest = depth = 0
    for sign in text:
        depth += (sign in "([") - (sign in ")]")
        deepest = max(deepest, depth)
    return deepest


# --- what a directory is told


def told(kind: Kind, resource: Mapping[str, Any], wanted: "ResponseParameters[Any] | None") -> dict[str, Any]:
    """A resource with the attributes that were asked for, RFC 7644 3.9."""
    if wanted is None or not (wanted.attributes or wanted.excluded_attributes):
        return dict(resource)
    model: Any = _MODELS[kind]
    found: dict[str, Any] = model.model_validate(dict(resource)).model_dump(
        scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=wanted, scim_policy=_POLICY
    )
    return found


def listed(resources: Iterable[Mapping[str, Any]], *, total: int, start: int) -> dict[str, Any]:
    """A page of a list. `start`: the place of its first one, from 1."""
    found = list(resources)
    return {
        "schemas": [LIST], "totalResults": total, "startIndex": start, "itemsPerPage": len(found), "Resources": found,
    }  # fmt: skip


def told_error(status: int, kind: str, detail: str) -> dict[str, Any]:
    """An error as RFC 7644 3.12 has it."""
    said: dict[str, Any] = {"schemas": [ERROR], "status": str(status), "detail": detail}
    return {**said, "scimType": kind} if kind else said


def config(base: str) -> dict[str, Any]:
    """What this server can do. `base`: the address of the endpoint."""
    made = ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MOST_RESULTS),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        pagination=Pagination(
            cursor=False, index=True, default_pagination_method=Pagination.DefaultPaginationMethod.index,
            default_page_size=100, max_page_size=MOST_RESULTS,
        ),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="API token",
                description="A token of a service account, made for provisioning, as a bearer token.",
                spec_uri=Reference[External]("https://www.rfc-editor.org/info/rfc6750"),
                primary=True,
            )
        ],
    )  # fmt: skip
    return _described(made, "ServiceProviderConfig", f"{base}/ServiceProviderConfig")


def resource_types(base: str) -> list[dict[str, Any]]:
    """The two kinds of resources."""
    found = []
    for kind, model in _MODELS.items():
        made = ResourceType.from_resource(model)
        made.description = (model.__doc__ or "").strip()
        found.append(_described(made, "ResourceType", f"{base}/ResourceTypes/{kind}"))
    return found


def schemas(base: str) -> list[dict[str, Any]]:
    """The attributes of each kind. Nobody is here without an address, nor neither active nor not."""
    found = []
    for model in _MODELS.values():
        made: Schema = model.to_schema()
        made.description = (model.__doc__ or "").strip()
        for one in made.attributes or []:
            if one.name == "active":
                one.required = Required.true
            elif one.name == "emails":
                one.required = Required.true
                for inner in one.sub_attributes or []:
                    inner.required = Required(inner.name == "value")
        found.append(_described(made, "Schema", f"{base}/Schemas/{made.id}"))
    return found


def _described(made: Resource[Any], kind: str, location: str) -> dict[str, Any]:
    said: dict[str, Any] = made.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    return {**said, "meta": {"resourceType": kind, "location": location}}
