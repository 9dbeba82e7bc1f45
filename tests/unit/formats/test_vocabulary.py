"""What the vendors' own packages can say is known: a drop-in client is not refused for it."""

import gzip
import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from anthropic.types.beta import (
    beta_content_block_param,
    beta_tool_result_block_param,
    message_count_tokens_params as counting,
    message_create_params as messages,
)
from google.genai import types as google
from openai.types import completion_create_params as completions
from openai.types.chat import completion_create_params as chat
from openai.types.chat.chat_completion_content_part_param import ChatCompletionContentPartParam
from openai.types.responses import (
    input_token_count_params as input_tokens,
    response_create_params as responses,
)
from openai.types.responses.response_input_content_param import ResponseInputContentParam
from openai.types.responses.response_input_item_param import ResponseInputItemParam
from openai.types.responses.response_output_message_param import Content

from gatebook.formats import vocabulary as known

# They are read before what is known is asked.
_CHAT = known.CHAT_MEMBERS | known.CHAT_ASKING.keys()


def members_of(kind: Any) -> set[str]:
    return set(kind.__annotations__) - {"betas"}  # that is a header


@pytest.mark.parametrize(
    ("kind", "listed"),
    [
        (chat.CompletionCreateParamsBase, _CHAT),
        (completions.CompletionCreateParamsBase, known.COMPLETION_MEMBERS),
        (responses.ResponseCreateParamsBase, known.RESPONSE_MEMBERS),
        (input_tokens.InputTokenCountParams, known.RESPONSE_MEMBERS),
        (messages.MessageCreateParamsBase, known.MESSAGE_MEMBERS),
        (counting.MessageCountTokensParams, known.MESSAGE_MEMBERS),
    ],
)
def test_members_that_a_package_can_send_are_known(kind: Any, listed: set[str]) -> None:
    assert members_of(kind) - listed == set()


def kinds_of(union: Any) -> Iterator[str]:
    """The types of all objects in a union of them."""
    if get_origin(union) in (Union, Annotated, list) or get_args(union):
        for each in get_args(union):
            yield from kinds_of(each)
    elif hasattr(union, "__required_keys__"):
        hint = get_type_hints(union)["type"]
        yield from [name for part in _literals(hint) for name in get_args(part)]


def _literals(hint: Any) -> Iterator[Any]:
    if get_origin(hint) is Literal:
        yield hint
    for each in get_args(hint):
        yield from _literals(each)


_SEEN = {"image", "document", "tool_result", "mcp_tool_result", "web_fetch_tool_result"}
_SEEN |= {"container_upload", "tool_addition"}


@pytest.mark.parametrize(
    ("union", "listed"),
    [
        (
            ChatCompletionContentPartParam,
            known.CHAT_TEXTS | known.CHAT_ADDRESSES | {"input_audio", "file"},
        ),
        (ResponseInputItemParam, known.RESPONSE_ITEMS.keys()),
        (
            ResponseInputContentParam | Content,
            known.RESPONSE_TEXTS | known.RESPONSE_FILES | {"input_audio"},
        ),
        (
            beta_content_block_param.BetaContentBlockParam,
            known.MESSAGE_BLOCKS | known.MESSAGE_RESULTS | _SEEN,
        ),
        (beta_tool_result_block_param.Content, known.MESSAGE_BLOCKS | _SEEN),
    ],
)
def test_kinds_of_content_that_a_package_can_send_are_known(union: Any, listed: set[str]) -> None:
    kinds = set(kinds_of(union))
    assert kinds
    assert kinds - listed == set()


def test_the_parts_of_google_are_known() -> None:
    parts = [google.Part.model_fields, google.FunctionResponsePart.model_fields]
    found = {str(field.alias) for part in parts for field in part.values()}
    assert found - known.CONTENT_PARTS == set()


def shapes() -> dict[str, Any]:
    (folder,) = files("botocore").joinpath("data", "bedrock-runtime").iterdir()
    model = gzip.decompress(folder.joinpath("service-2.json.gz").read_bytes())
    found: dict[str, Any] = json.loads(model)["shapes"]
    return found


def test_what_botocore_sends_to_converse_is_known() -> None:
    found = shapes()
    blocks = known.CONVERSE_TEXTS | set(known.CONVERSE_MEDIA)
    for name, listed in {
        "ConverseRequest": known.CONVERSE_MEMBERS,
        "ConverseStreamRequest": known.CONVERSE_MEMBERS,
        "ContentBlock": blocks,
        "SystemContentBlock": blocks,
        "ToolResultContentBlock": blocks,
        "DocumentSource": known.CONVERSE_INLINE | {"s3Location"},
        "ImageSource": known.CONVERSE_INLINE | {"s3Location"},
    }.items():
        assert found[name]["members"].keys() - listed == set()
