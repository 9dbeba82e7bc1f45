"""Finds what a stop names: for the command that records it, and for gates that heard of it first.

A stop may name things by their ids or by the names that people use, in one organization or, where
none is given, in any.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from gatebook.identity.directory import (
    Agent,
    Organization,
    Provider,
    Rows,
    StopKind,
    Workspace,
)


class Subject(NamedTuple):
    """What a stop is about: a row's id, a pattern or nothing, and the organization it is in."""

    organization: Organization | None
    subject: str


_NAMED: Final[dict[str, tuple[type[Workspace | Provider | Agent], str, str]]] = {
    "workspace": (Workspace, "wsp_", "slug"),
    "provider": (Provider, "prv_", "name"),
    "agent": (Agent, "agt_", "name"),
    "quarantine": (Agent, "agt_", "name"),
}


def subjects(rows: Rows, kind: StopKind, name: str, organization: str) -> list[Subject]:
    """Everything that is meant: none if nothing is called so, several if it is not clear."""
    if kind in ("platform", "drill"):
        return [Subject(None, "")]
    if kind == "organization":
        return [Subject(each, each.id) for each in _organizations(rows, name)]
    if kind == "model":
        if not organization:
            return [Subject(None, name)]
        return [Subject(each, name) for each in _organizations(rows, organization)]
    row, prefix, column = _NAMED[kind]
    where = {"id": name} if name.startswith(prefix) else {column: name}
    found = rows.find(row, **where)
    return [
        Subject(within, each.id)
        for each in found
        for within in rows.find(Organization, id=each.organization_id)
        if organization in ("", within.slug, within.id)
    ]


def _organizations(rows: Rows, name: str) -> Iterator[Organization]:
    yield from rows.find(
        Organization, **({"id": name} if name.startswith("org_") else {"slug": name})
    )
