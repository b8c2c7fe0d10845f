"""SCIM filters and orders (RFC 7644 3.4.2) as conditions of the database, so that ten thousand people cost no more."""

from collections.abc import Callable, Mapping
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.models import F, Q
from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)

from annexa.adapters.scim import Kind, ScimError
from annexa.records.directory import DirectoryMembership

NOTHING = Q(pk__in=[])
ALWAYS = ~NOTHING
Condition = Callable[[CompareOperator, Any], Q]
_TEXT: Mapping[CompareOperator, str] = {
    CompareOperator.eq: "iexact", CompareOperator.co: "icontains", CompareOperator.sw: "istartswith",
    CompareOperator.ew: "iendswith", CompareOperator.gt: "gt", CompareOperator.ge: "gte", CompareOperator.lt: "lt",
    CompareOperator.le: "lte",
}  # fmt: skip
_EXACT: Mapping[CompareOperator, str] = {
    **_TEXT, CompareOperator.eq: "exact", CompareOperator.co: "contains", CompareOperator.sw: "startswith",
    CompareOperator.ew: "endswith",
}  # fmt: skip


def _text(column: str, ways: Mapping[CompareOperator, str] = _TEXT) -> Condition:
    """A column of text; what is empty is as if it was not there."""

    def condition(op: CompareOperator, value: Any) -> Q:
        nowhere = Q(**{f"{column}__isnull": True}) | Q(**{column: ""})
        if value is None or value == "":
            return ~nowhere if op is CompareOperator.ne else nowhere
        if op is CompareOperator.ne:
            return nowhere | ~Q(**{f"{column}__{ways[CompareOperator.eq]}": str(value)})
        return Q(**{f"{column}__{ways[op]}": str(value)})

    return condition


def _part_of_name(key: str) -> Condition:
    return _text(f"directory__attributes__name__{key}")


def _active(op: CompareOperator, value: Any) -> Q:
    wanted = Q(is_active=str(value).casefold() == "true")
    return ~wanted if op is CompareOperator.ne else wanted


def _number(op: CompareOperator, value: Any) -> Q:
    """The id of a person, a number; nobody has another one."""
    text = str(value)
    found = Q(pk=int(text)) if text.isascii() and text.isdecimal() and len(text) <= 18 else NOTHING
    if op is CompareOperator.eq:
        return found
    if op is CompareOperator.ne:
        return ~found
    raise _unknown("id", "eq and ne")


def _within(where: str, other: str) -> Condition:
    """Somebody in a group, or a group with somebody in it, by the other one's id."""

    def condition(op: CompareOperator, value: Any) -> Q:
        if op not in {CompareOperator.eq, CompareOperator.ne}:
            raise _unknown(where, "eq and ne")
        rows = DirectoryMembership.objects.filter(standing=True)
        text = str(value)
        if other == "person":
            good = text.isascii() and text.isdecimal() and len(text) <= 18
            rows = rows.filter(person=int(text)) if good else rows.none()
        else:
            rows = rows.filter(group=text, group__gone=False)
        found = Q(pk__in=rows.values("group" if other == "person" else "person"))
        return ~found if op is CompareOperator.ne else found

    return condition


_CONDITIONS: Mapping[Kind, Mapping[str, Condition]] = {
    "User": {
        "id": _number,
        "externalid": _text("directory__external_id", _EXACT),
        "username": _text("said_user_name"),
        "displayname": _text("name"),
        "name.formatted": _part_of_name("formatted"),
        "name.familyname": _part_of_name("familyName"),
        "name.givenname": _part_of_name("givenName"),
        "active": _active,
        "emails": _text("email"),
        "emails.value": _text("email"),
        "groups": _within("groups", "group"),
        "groups.value": _within("groups", "group"),
    },
    "Group": {
        "id": _text("pk", _EXACT),
        "externalid": _text("external_id", _EXACT),
        "displayname": _text("name"),
        "members": _within("members", "person"),
        "members.value": _within("members", "person"),
    },
}
_PRESENT: Mapping[str, Q] = {
    "groups": Q(memberships__standing=True, memberships__group__gone=False),
    "members": Q(memberships__standing=True),
}
_COLUMNS: Mapping[Kind, Mapping[str, str]] = {
    "User": {
        "id": "pk", "username": "said_user_name", "externalid": "directory__external_id", "displayname": "name",
        "active": "is_active", "emails": "email", "emails.value": "email", "meta.created": "created_at",
        "name.familyname": "directory__attributes__name__familyName",
        "name.givenname": "directory__attributes__name__givenName",
        "name.formatted": "directory__attributes__name__formatted",
    },
    "Group": {"id": "pk", "displayname": "name", "externalid": "external_id", "meta.created": "created_at"},
}  # fmt: skip


def condition_of(kind: Kind, node: FilterNode) -> Q:
    """A filter as a condition on people (annotated with `said_user_name`) or groups. Raises ScimError."""
    return _Visitor(kind).visit(node)


def order_of(kind: Kind, path: str, *, descending: bool) -> list[Any]:
    """What to order by, with the key last, so that pages do not overlap. Raises ScimError."""
    column = _COLUMNS[kind].get(_name(path)) if path else "pk"
    if column is None:
        known = ", ".join(sorted(_COLUMNS[kind]))
        raise ScimError(400, "invalidPath", f"One cannot sort by {path} here; one can by {known}.")
    way = F(column).desc(nulls_first=True) if descending else F(column).asc(nulls_last=True)
    return [way, "pk"]


class _Visitor(FilterVisitor[Q]):
    """Each node as a condition. `above`: the attribute whose values are looked through, as in emails[…]."""

    def __init__(self, kind: Kind, above: str = "") -> None:
        self.kind, self.above = kind, above

    def visit_comparison(self, node: Comparison) -> Q:
        """One attribute against one value."""
        name = self._name(node.attr_path)
        if name == "emails.primary":
            return ALWAYS if (node.value is True) is (node.op is CompareOperator.eq) else NOTHING
        return self._condition(name)(node.op, node.value)

    def visit_present(self, node: Present) -> Q:
        """An attribute that has any value."""
        name = self._name(node.attr_path)
        if name in {"name", "emails.type"}:
            raise _unknown(name, "its parts")
        if (found := _PRESENT.get(name.partition(".")[0])) is not None:
            return found
        return self._condition(name)(CompareOperator.ne, None) if name not in {"id", "active"} else ALWAYS

    def visit_not(self, node: Not) -> Q:
        """The contrary."""
        return ~self.visit(node.expr)

    def visit_logical_expr(self, node: LogicalExpr) -> Q:
        """All of them, or any."""
        return reduce(and_ if node.op is LogicalOperator.and_ else or_, map(self.visit, node.terms))

    def visit_value_path(self, node: ValuePath) -> Q:
        """A value that fits in everything; of addresses the one that somebody is known by is looked at."""
        return _Visitor(self.kind, self._name(node.attr_path)).visit(node.val_filter)

    def _condition(self, name: str) -> Condition:
        found = _CONDITIONS[self.kind].get(name)
        if found is None:
            raise _unknown(name, ", ".join(sorted(_CONDITIONS[self.kind])))
        return found

    def _name(self, path: AttrPath) -> str:
        said = _name(f"{path.attr}.{path.sub_attr}" if path.sub_attr else path.attr)
        return f"{self.above}.{said}" if self.above else said


def _name(path: str) -> str:
    """An attribute without the name of its schema, in small letters."""
    text = path.casefold()
    return text.rpartition(":")[2] if text.startswith("urn:") else text


def _unknown(name: str, known: str) -> ScimError:
    return ScimError(400, "invalidFilter", f"One cannot look for {name} like that here; one can by {known}.")
