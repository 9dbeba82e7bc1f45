"""Calls by `litellm`, as its documentation sets it up; tells as JSON what came of each.

Runs in an environment of its own: `ask.py ROUTE BASE CASE=MODEL...`, with GATE and KEY in the
environment. Nothing is fetched from elsewhere: the map of costs is the one that it brings.
"""

import json
import os
import sys
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm  # it reads the variable when it is imported

MESSAGES = [{"role": "user", "content": "hi"}]
TOOL = {"name": "look_up", "parameters": {"type": "object", "properties": {}}}
TOOLS = [{"type": "function", "function": TOOL}]


def ask(case: str, asked: dict[str, Any]) -> dict[str, Any]:
    """What came of a call, or which exception was raised."""
    try:
        given = {**asked, "tools": TOOLS if case.endswith("tools") else None}
        return stream(given) if case.startswith("stream") else whole(given)
    except Exception as error:  # whatever it is, it is told
        status = getattr(error, "status_code", None)
        return {"class": type(error).__name__, "status": status, "message": str(error)}


def stream(asked: dict[str, Any]) -> dict[str, Any]:
    """A streamed call."""
    chunks = [*litellm.completion(**asked, stream=True)]
    deltas = [chunk.choices[0].delta for chunk in chunks]
    calls = [call.function.name for delta in deltas for call in delta.tool_calls or ()]
    return {
        "text": "".join(delta.content or "" for delta in deltas),
        "calls": [name for name in calls if name],
    }


def whole(asked: dict[str, Any]) -> dict[str, Any]:
    """A whole call."""
    answer = litellm.completion(**asked)
    message, usage = answer.choices[0].message, answer.usage
    return {
        "text": message.content,
        "calls": [call.function.name for call in message.tool_calls or ()],
        "tokens_in": usage.prompt_tokens,
        "tokens_out": usage.completion_tokens,
    }


def main() -> None:
    """Make the calls, one after the other."""
    route, base, *cases = sys.argv[1:]
    options = {"api_base": os.environ["GATE"] + base, "api_key": os.environ["KEY"]}
    told = []
    for case, _, model in (each.partition("=") for each in cases):
        told.append(ask(case, {"model": f"{route}/{model}", "messages": MESSAGES, **options}))
    print(json.dumps(told))


if __name__ == "__main__":
    main()
