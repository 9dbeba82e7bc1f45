"""A new workspace."""

import pytest

from gatebook.core.errors import Conflict
from gatebook.identity.directory import Workspace
from tests.decisions import ACME, decide


def test_it_belongs_to_the_organization() -> None:
    (workspace,) = decide("create_workspace", slug="support").saves
    assert isinstance(workspace, Workspace)
    assert (workspace.organization_id, workspace.name) == (ACME.id, "support")


def test_a_slug_is_used_once_in_an_organization() -> None:
    with pytest.raises(Conflict):
        decide("create_workspace", slug="main")
