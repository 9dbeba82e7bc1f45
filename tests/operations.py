"""One request that can be read for each operation that is served."""

from typing import Any, Final

from gatebook.app.folders import dialects
from gatebook.formats import Operation
from gatebook.formats.closed import Closed

_HI: Final = [{"role": "user", "content": "hi"}]
_BODIES: Final[dict[str, dict[str, Any]]] = {
    "Chat": {"messages": _HI, "max_tokens": 9},
    "Completions": {"prompt": "hi", "max_tokens": 9},
    "Responses": {"input": "hi", "store": False},
    "Embeddings": {"input": "hi"},
    "Moderations": {"input": "hi"},
    "Images": {"prompt": "hi"},
    "Messages": {"messages": _HI, "max_tokens": 9},
    "GenerateContent": {"contents": [{"parts": [{"text": "hi"}]}]},
    "Converse": {"messages": [{"role": "user", "content": [{"text": "hi"}]}]},
}
"""By the class of the format."""

OPERATIONS: Final = tuple(each for dialect in dialects().values() for each in dialect.OPERATIONS)


def name_of(operation: Operation) -> str:
    """How a case of a test is called."""
    return f"{operation.dialect} {operation.method} {operation.path}"


def is_served(operation: Operation) -> bool:
    """Whether it is not only known, to be refused by its name."""
    return not isinstance(operation.format, Closed)


def address(operation: Operation, model: str) -> str:
    """The path and the query of a request."""
    path = operation.path.replace("{model}", model).replace("/*", "/x")
    return path + ("?alt=sse" if "alt" in operation.query else "")


def body(operation: Operation, model: str) -> dict[str, Any]:
    """The body of a request; empty where none is read."""
    found = _BODIES.get(type(operation.format).__name__)
    if found is None:
        return {}
    is_in_path = operation.dialect in ("gemini", "bedrock")
    return found if is_in_path else {"model": model, **found}


def marked(operation: Operation, key: str) -> dict[str, str]:
    """The header with an agent's key, and the one that tells the dialect."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    if operation.dialect == "anthropic":
        headers["anthropic-version"] = "2023-06-01"
    return headers
