"""Azure's credential, errors and addresses, as `AzureOpenAI` uses them."""

import json

import pytest

from gatebook.core.errors import Refused
from gatebook.formats import Operation
from gatebook.formats.closed import Closed
from gatebook.providers.azure import OPERATIONS, authorization, error_body


def test_our_credential_is_an_api_key() -> None:
    assert authorization("k1") == ("api-key", "k1")


def test_errors_have_openais_shape() -> None:
    said = {"message": "A.", "type": "permission_error", "param": None, "code": "a"}
    assert json.loads(error_body(Refused("a", "A."), "s.1")) == {"error": said}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.path)
def test_every_address_takes_a_version_and_one_that_is_open_has_a_method(
    operation: Operation,
) -> None:
    assert operation.query == {"api-version"}
    assert bool(operation.method) is not isinstance(operation.format, Closed)
