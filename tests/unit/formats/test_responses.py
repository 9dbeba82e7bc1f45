"""OpenAI's responses: what the vendor would keep, run or look up is seen wherever it stands."""

import json
from typing import Any

import pytest

from gatebook.core.errors import Invalid, Unavailable
from gatebook.formats import Call, Operation, Terms, Usage
from gatebook.providers.openai import COUNT, RESPONSES


def read(body: bytes, operation: Operation = RESPONSES) -> Call:
    return operation.format.read(Call(operation=operation, path=operation.path, body=body))


def asked(**fields: Any) -> Call:
    return read(json.dumps({"model": "gpt-4o", "input": "hi", **fields}).encode())


def code_of(body: bytes) -> str:
    with pytest.raises(Invalid) as caught:
        read(body)
    return caught.value.code


def test_the_body_passes_byte_for_byte() -> None:
    body = b'{ "model":"gpt-4o", "new_field" : {"a": 1.50e3}, "stream":true, "input":[ ] }'
    call = read(body)
    assert (call.body, call.model, call.streamed) == (body, "gpt-4o", True)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"model": ""}, "invalid_model"),
        ({"max_output_tokens": -1}, "invalid_value"),
        ({"max_output_tokens": 0}, "invalid_value"),
        ({"input": [{"type": "brand_new"}]}, "unknown_kind"),
        ({"input": [{"role": "user", "content": [{"type": "brand_new"}]}]}, "unknown_kind"),
        ({"store": "no"}, "invalid_value"),
        ({"background": 1}, "invalid_value"),
        ({"input": {}}, "invalid_value"),
        ({"input": 3}, "invalid_value"),
        ({"input": ["hi"]}, "invalid_value"),
        ({"input": [{"role": "user", "content": 3}]}, "invalid_value"),
        ({"input": [{"type": 3}]}, "invalid_value"),
        ({"tools": ["web_search"]}, "invalid_value"),
        ({"tools": [{}]}, "invalid_tool"),
        ({"tools": [{"type": "mcp"}]}, "invalid_url"),
        ({"tools": [{"type": "mcp", "server_url": "ftp://a.example"}]}, "invalid_url"),
        ({"tools": [{"type": "namespace", "tools": [{"type": "a b"}]}]}, "invalid_tool"),
        ({"prompt": {}}, "invalid_tool"),
        ({"prompt": "p"}, "invalid_value"),
    ],
)
def test_what_is_decided_on_has_a_shape_that_is_known(fields: dict[str, Any], code: str) -> None:
    assert code_of(json.dumps({"model": "m", **fields}).encode()) == code


@pytest.mark.parametrize(
    ("member", "code"),
    [
        (b'"store":false,"store":true', "json_duplicate_member"),
        (b'"store":false,"Store":true', "json_member_case"),
        (b'"tools":[{"type":"function","type":"web_search"}]', "json_duplicate_member"),
        (b'"tools":[{"type":"function","Type":"web_search"}]', "json_member_case"),
        (b'"input":[{"type":"message","type":"item_reference"}]', "json_duplicate_member"),
        (b'"input":[{"content":[{"type":"input_text","type":"x"}]}]', "json_duplicate_member"),
        (b'"input":[{"role":"user","content":[{"Type":"input_file"}]}]', "json_member_case"),
    ],
)
def test_what_decides_is_read_in_one_way(member: bytes, code: str) -> None:
    body = b'{"model":"m",%b}' % member
    if code == "json_duplicate_member" and b"content" in member:
        body = body.replace(b'[{"content"', b'[{"role":"user","content"')
    assert code_of(body) == code


@pytest.mark.parametrize(
    ("tool", "hosted"),
    [
        ({"type": "function", "name": "f", "parameters": {"Type": 1, "type": 2}}, ()),
        ({"type": "custom", "name": "f"}, ()),
        ({"type": "local_shell"}, ()),
        ({"type": "apply_patch"}, ()),
        ({"type": "computer"}, ()),
        ({"type": "computer_use_preview"}, ()),
        ({"type": "web_search"}, ("web_search",)),
        ({"type": "web_search_2025_08_26"}, ("web_search",)),
        ({"type": "web_search_preview_2025_03_11"}, ("web_search",)),
        ({"type": "file_search", "vector_store_ids": ["vs_1"]}, ("file_search",)),
        ({"type": "code_interpreter", "container": {"type": "auto"}}, ("code_interpreter",)),
        ({"type": "image_generation"}, ("image_generation",)),
        (
            {"type": "image_generation", "model": "gpt-image-2"},
            ("image_generation", "image_generation:gpt-image-2"),
        ),
        (
            {"type": "image_generation", "input_image_mask": {"image_url": "https://a.example"}},
            ("fetch:a.example", "image_generation"),
        ),
        (
            {
                "type": "shell",
                "environment": {
                    "type": "container_auto",
                    "skills": [{"skill_id": "s_1"}, {"type": "inline"}],
                },
            },
            ("shell", "skill:s_1"),
        ),
        ({"type": "programmatic_tool_calling"}, ("programmatic_tool_calling",)),
        ({"type": "tool_search"}, ("tool_search",)),
        ({"type": "tool_search", "execution": "server"}, ("tool_search",)),
        ({"type": "tool_search", "execution": "client"}, ()),
        ({"type": "shell"}, ("shell",)),
        ({"type": "shell", "environment": {"type": "container_auto"}}, ("shell",)),
        ({"type": "shell", "environment": {"type": "local"}}, ()),
        ({"type": "namespace", "tools": [{"type": "function"}]}, ()),
        ({"type": "namespace", "tools": [{"type": "web_search"}]}, ("web_search",)),
        ({"type": "mcp", "server_url": "https://mcp.example.com/x"}, ("mcp:mcp.example.com",)),
        ({"type": "mcp", "connector_id": "connector_gmail"}, ("mcp:connector_gmail",)),
        ({"type": "mcp", "tunnel_id": "tun_1"}, ("mcp:tun_1",)),
        (
            {"type": "mcp", "server_url": "https://a.example", "connector_id": "connector_x"},
            ("mcp:a.example", "mcp:connector_x"),
        ),
        ({"type": "brand_new"}, ("brand_new",)),
    ],
)
def test_tools_that_the_vendor_runs_are_named_wherever_they_are_offered(
    tool: dict[str, Any], hosted: tuple[str, ...]
) -> None:
    assert asked(tools=[tool]).hosted_tools == hosted
    for kind in ("additional_tools", "tool_search_output"):
        assert asked(input=[{"type": kind, "tools": [tool]}]).hosted_tools == hosted


def test_what_else_the_vendor_would_do_is_named_too() -> None:
    assert asked(prompt={"id": "pmpt_1"}).hosted_tools == ("prompt:pmpt_1",)
    assert asked(models=["a/b"]).hosted_tools == ("fallback:a/b",)
    assert asked(plugins=[{"id": "web"}]).hosted_tools == ("plugins",)
    assert asked(tools=None, prompt=None, models=None, plugins=[]).hosted_tools == ()
    shown = {"type": "input_image", "image_url": "https://a.example"}
    prompt = {"id": "p", "variables": {"a": "b", "c": shown}}
    assert asked(prompt=prompt).hosted_tools == ("fetch:a.example", "prompt:p")
    assert asked(mcp_servers=[{"url": "https://a"}], preset="p").hosted_tools == (
        *("member:mcp_servers", "preset"),
    )
    server = {"type": "mcp", "server_label": "a", "server_url": "https://a.example"}
    for choice in (server, {"type": "allowed_tools", "mode": "auto", "tools": [server]}):
        assert asked(tool_choice=choice).hosted_tools == ("mcp:a.example",)
    allowed = [{"type": "mcp", "server_label": "a"}, {"type": "function", "name": "f"}]
    choice = {"type": "allowed_tools", "mode": "auto", "tools": allowed}
    assert asked(tool_choice=choice).hosted_tools == ()


def test_what_is_summed_up_is_read_more_than_once() -> None:
    assert asked(context_management=[{"type": "compaction"}]).is_repeated
    assert not asked(context_management=[]).is_repeated


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, "default"),
        ({"store": None}, "default"),
        ({"store": False}, "none"),
        ({"store": True}, "asked"),
        ({"store": False, "background": True}, "asked"),
        ({"store": False, "previous_response_id": "resp_1"}, "asked"),
        ({"store": False, "previous_response_id": None, "conversation": None}, "none"),
        ({"store": False, "conversation": "conv_1"}, "asked"),
        ({"store": False, "conversation": {"id": "conv_1"}}, "asked"),
        ({"store": False, "prompt": {"id": "pmpt_1"}}, "asked"),
        ({"store": False, "input": [{"type": "item_reference", "id": "msg_1"}]}, "asked"),
        ({"store": False, "input": [{"id": "msg_1"}]}, "asked"),
        ({"store": False, "input": [{"type": "reasoning", "id": "r", "summary": []}]}, "asked"),
    ],
)
def test_what_the_vendor_keeps_or_kept_is_seen(fields: dict[str, Any], state: str) -> None:
    assert asked(**fields).state == state


@pytest.mark.parametrize(
    "item",
    [
        {"id": "msg_1", "role": None},
        {"id": "msg_1", "role": "assistant"},
        {"id": "msg_1", "type": "message", "content": []},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": ""},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "a"}]},
        {"type": "image_generation_call", "id": "ig_1", "result": ""},
        {"type": "function_call", "id": "fc_1", "call_id": "c"},
        {"type": "mcp_list_tools", "id": "mcpl_1"},
        {"type": "compaction", "id": "cmp_1"},
        {"type": "code_interpreter_call", "code": "x", "container_id": "cntr_1"},
        {
            "type": "shell_call",
            "action": {"commands": []},
            "environment": {"type": "container_reference", "container_id": "cntr_1"},
        },
        {"role": "user", "content": [{"type": "input_image", "file_id": "file_1"}]},
        {"role": "user", "content": [{"type": "input_file", "file_id": "file_1"}]},
        {"type": "function_call_output", "output": [{"type": "input_file", "file_id": "f"}]},
        {
            "type": "computer_call_output",
            "output": {"type": "computer_screenshot", "file_id": "file_1"},
        },
    ],
)
def test_an_item_that_stands_for_what_the_vendor_has_is_state(item: dict[str, Any]) -> None:
    assert asked(store=False, input=[item]).state == "asked"
    assert asked(store=False, instructions=[item]).state == "asked"


@pytest.mark.parametrize("empty", [b'""', b"null", b"[ ]", b"[\n]", b"{ }"])
def test_what_is_empty_is_so_however_it_is_written(empty: bytes) -> None:
    item = b'{"type":"reasoning","id":"rs_1","encrypted_content" : %b }' % empty
    assert read(b'{"model":"m","store":false,"input":[%b]}' % item).state == "asked"


@pytest.mark.parametrize(
    "item",
    [
        {"role": "assistant", "content": ""},
        {"role": "user", "content": []},
        {"id": "msg_1", "type": "message", "role": "assistant", "content": "x"},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
        {"type": "image_generation_call", "id": "ig_1", "result": "AA"},
        {"type": "function_call", "id": "fc_1", "name": "f", "arguments": "", "call_id": "c"},
        {"type": "function_call_output", "call_id": "c", "output": ""},
        {"type": "mcp_approval_response", "id": "x", "approval_request_id": "y", "approve": False},
        {"type": "compaction_trigger", "id": "x"},
        {"type": "shell_call", "action": {"commands": []}, "environment": {"type": "local"}},
        {"role": "user", "content": [{"type": "input_file", "file_data": "AA"}]},
    ],
)
def test_an_item_that_is_all_there_is_no_state(item: dict[str, Any]) -> None:
    assert asked(store=False, input=[item]).state == "none"


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "code_interpreter", "container": "cntr_1"},
        {"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["file_1"]}},
        {"type": "shell", "environment": {"type": "container_reference", "container_id": "c"}},
        {"type": "file_search", "vector_store_ids": ["vs_1"]},
        {"type": "image_generation", "input_image_mask": {"file_id": "file_1"}},
    ],
)
def test_a_tool_that_reaches_into_the_account_is_state(tool: dict[str, Any]) -> None:
    assert asked(store=False, tools=[tool]).state == "asked"
    plain = {"type": "code_interpreter", "container": {"type": "auto", "file_ids": []}}
    assert asked(store=False, tools=[plain, {"type": "image_generation"}]).state == "none"


@pytest.mark.parametrize(
    ("part", "fetched"),
    [
        ({"type": "input_text", "text": "http://example.com"}, ()),
        ({"type": "output_text", "text": "x"}, ()),
        ({"type": "input_audio", "input_audio": {}}, ()),
        ({"type": "input_image", "image_url": "DATA:image/png;base64,AA"}, ()),
        ({"type": "input_image", "image_url": "https://a.example/a.png"}, ("fetch:a.example",)),
        ({"type": "input_file", "filename": "a.pdf", "file_data": "AA"}, ()),
        ({"type": "input_file", "file_data": "https://a.example/a"}, ("fetch:a.example",)),
        ({"type": "input_file", "file_url": "https://a.example/a.pdf"}, ("fetch:a.example",)),
        ({"type": "computer_screenshot", "image_url": "data:,"}, ()),
    ],
)
def test_what_the_vendor_would_fetch_is_named_by_its_host(
    part: dict[str, Any], fetched: tuple[str, ...]
) -> None:
    for item in (
        {"role": "user", "content": [part]},
        {"type": "message", "role": "user", "content": [part]},
        {"type": "function_call_output", "call_id": "c", "output": [part]},
        {"type": "custom_tool_call_output", "call_id": "c", "output": [part]},
        {"type": "computer_call_output", "output": part},
    ):
        call = asked(input=[item])
        assert (call.hosted_tools, call.state) == (fetched, "default")
        assert call.is_text is part["type"].endswith("_text")
        assert call.is_priced_apart is (part["type"] == "input_audio")


def test_terms_are_put_in_where_the_call_says_nothing() -> None:
    call = asked()
    assert RESPONSES.format.fitted(call, Terms()) is call
    given = RESPONSES.format.fitted(call, Terms(max_tokens=50, is_stateless=True))
    assert (given.max_tokens, given.state) == (50, "none")
    assert given.body == b'{"store":false,"max_output_tokens":50,' + call.body[1:]
    again = read(given.body)
    assert (again.max_tokens, again.state) == (50, "none")
    null = read(b'{"model":"m","store": null,"max_output_tokens":null}')
    fitted = RESPONSES.format.fitted(null, Terms(max_tokens=50, is_stateless=True)).body
    assert fitted == b'{"model":"m","store": false,"max_output_tokens":50}'


def test_what_the_call_says_itself_is_never_changed() -> None:
    for fields in ({"store": True}, {"store": False}, {"previous_response_id": "r"}):
        call = asked(max_output_tokens=10**6, **fields)
        assert RESPONSES.format.fitted(call, Terms(max_tokens=50, is_stateless=True)) is call


def test_counting_generates_and_keeps_nothing() -> None:
    call = read(b'{"model":"m","stream":true,"tools":[{"type":"web_search"}]}', COUNT)
    assert (call.streamed, call.max_tokens, call.state) == (False, 0, "none")
    assert call.hosted_tools == ("web_search",)
    assert RESPONSES.format.stream_type
    assert not COUNT.format.stream_type


USAGE = {
    "input_tokens": 9,
    "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3},
    "output_tokens": 5,
}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"usage":'])
def test_a_reply_that_cannot_be_read_is_not_passed_on(body: bytes) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        RESPONSES.format.usage(body)


def test_a_whole_reply_tells_its_tokens_and_passes_as_it_came() -> None:
    body = json.dumps({"id": "resp_1", "usage": USAGE}).encode()
    assert RESPONSES.format.usage(body) == Usage(9, 5, 4, 3)
    assert RESPONSES.format.delivered(body, lambda _: False) is body
