"""What vendors publish of their formats: the members of bodies, and the kinds of what is said.

A member that is not listed here may ask for something and has to be permitted by its name; content
of another kind is refused. A test holds the lists against the vendors' own packages.
Sources: the types of the openai, anthropic and google-genai packages, the service model of botocore
and the API references of the compatible servers.
"""

from typing import Final

_SAMPLING: Final = (
    *("model", "stream", "stream_options", "max_tokens", "n", "stop", "seed", "user"),
    *("temperature", "top_p", "frequency_penalty", "presence_penalty", "logit_bias", "logprobs"),
    *("echo", "metadata", "service_tier"),
    # vLLM, SGLang, Fireworks
    *("stop_token_ids", "bad_words", "allowed_token_ids", "ignore_eos", "use_beam_search"),
    *("skip_special_tokens", "spaces_between_special_tokens", "include_stop_str_in_output"),
    *("add_special_tokens", "structured_outputs", "guided_json", "guided_choice"),
    *("return_token_ids", "return_tokens_as_token_ids", "raw_output", "perf_metrics_in_response"),
    *("response_format",),
)
CHAT_MEMBERS: Final = frozenset(
    (
        *_SAMPLING,
        *("messages", "tools", "tool_choice", "functions", "function_call", "parallel_tool_calls"),
        *("audio", "max_completion_tokens", "modalities", "moderation", "prediction"),
        *("prompt_cache_key", "prompt_cache_options", "prompt_cache_retention"),
        *("reasoning_effort", "safety_identifier", "store", "top_logprobs", "verbosity"),
        # Azure, Mistral, Groq, OpenRouter, DeepSeek, Qwen, Cerebras, vLLM
        *("user_security_context", "safe_prompt", "include_reasoning", "disable_tool_validation"),
        *("transforms", "reasoning", "usage", "thinking", "enable_thinking", "disable_reasoning"),
        *("chat_template_kwargs", "add_generation_prompt", "continue_final_message"),
    )
)
COMPLETION_MEMBERS: Final = frozenset((*_SAMPLING, "prompt", "best_of", "suffix"))
CHAT_ASKING: Final = {
    "web_search_options": "web_search",
    "data_sources": "data_sources",
    "search_parameters": "web_search",
    "enable_search": "web_search",
    "web_search": "web_search",
    "online_search": "web_search",
    "plugins": "plugins",
    "preset": "preset",
    "prompt_embeds": "prompt_embeds",
}
"""Members that have the vendor look things up or take them from elsewhere, and what that is called:
of OpenAI, Azure, xAI, Qwen and others, OpenRouter and vLLM."""
CHAT_TEXTS: Final = frozenset(("text", "refusal", "thinking", "reference"))
"""Parts of messages that are text, the last two of Mistral's."""
CHAT_ADDRESSES: Final = frozenset(("image_url", "video_url", "audio_url", "document_url"))
"""Parts that hold an address in a member of that name: of OpenAI, vLLM and Mistral."""

RESPONSE_MEMBERS: Final = frozenset(
    (
        *("model", "stream", "stream_options", "max_output_tokens", "input", "instructions"),
        *("tools", "tool_choice", "parallel_tool_calls", "max_tool_calls", "include", "text"),
        *("store", "background", "conversation", "previous_response_id", "prompt", "truncation"),
        *("reasoning", "temperature", "top_p", "top_logprobs", "metadata", "moderation", "image"),
        *("prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "service_tier"),
        *("access_programs", "context_management", "personality", "safety_identifier", "user"),
    )
)
RESPONSE_TEXTS: Final = frozenset(
    ("input_text", "output_text", "refusal", "summary_text", "reasoning_text")
)
RESPONSE_FILES: Final = frozenset(("input_image", "input_file", "computer_screenshot"))
"""Parts that hold data or an address, or name what the vendor holds."""
RESPONSE_ITEMS: Final[dict[str, tuple[str, ...]]] = {
    "message": ("content",),
    "file_search_call": ("queries", "results"),
    "computer_call": ("action", "actions"),
    "computer_call_output": ("output",),
    "web_search_call": ("action",),
    "function_call": ("name", "arguments"),
    "function_call_output": ("output",),
    "custom_tool_call": ("name", "input"),
    "custom_tool_call_output": ("output",),
    "tool_search_call": ("arguments",),
    "tool_search_output": ("tools",),
    "additional_tools": ("tools",),
    "configuration_update": ("reasoning", "text"),
    "reasoning": ("content", "encrypted_content"),
    "compaction": ("encrypted_content",),
    "compaction_trigger": ("type",),
    "image_generation_call": ("result",),
    "code_interpreter_call": ("code", "outputs"),
    "local_shell_call": ("action",),
    "local_shell_call_output": ("output",),
    "shell_call": ("action",),
    "shell_call_output": ("output",),
    "apply_patch_call": ("operation",),
    "apply_patch_call_output": ("output", "status"),
    "mcp_list_tools": ("tools", "error"),
    "mcp_approval_request": ("name", "arguments"),
    "mcp_approval_response": ("approval_request_id",),
    "mcp_call": ("name", "arguments"),
    "program": ("code",),
    "program_output": ("result",),
    "item_reference": (),
}
"""The kinds of items, each with the members that hold what is its own: an item with an id and none
of them stands for what the vendor kept."""

MESSAGE_MEMBERS: Final = frozenset(
    (
        *("model", "stream", "max_tokens", "messages", "system", "tools", "tool_choice"),
        *("mcp_servers", "container", "thread", "fallbacks", "fallback_credit_token"),
        *("billing_policy", "cache_control", "compaction", "context_management", "diagnostics"),
        *("inference_geo", "metadata", "output_config", "output_format", "service_tier", "speed"),
        *("stop_sequences", "temperature", "thinking", "top_k", "top_p"),
        *("user_profile_id", "workspace_id"),
    )
)
MESSAGE_BLOCKS: Final = frozenset(
    (
        *("text", "thinking", "redacted_thinking", "search_result", "tool_use", "server_tool_use"),
        *("mcp_tool_use", "mcp_tool_listing", "tool_removal", "compaction", "fallback"),
        *("tool_reference", "browser_state"),
    )
)
"""Blocks that are text, all there."""
MESSAGE_RESULTS: Final = frozenset(
    (
        *("web_search_tool_result", "advisor_tool_result", "tool_search_tool_result"),
        *("code_execution_tool_result", "bash_code_execution_tool_result"),
        *("text_editor_code_execution_tool_result",),
    )
)
"""Blocks in which a tool that the vendor ran told what it found, some of it encrypted."""

CONTENT_MEMBERS: Final = frozenset(
    (
        *("model", "contents", "content", "systemInstruction", "requests"),
        *("generateContentRequest", "tools", "toolConfig", "safetySettings", "generationConfig"),
        *("cachedContent", "continuationToken", "store", "serviceTier", "labels", "taskType"),
        *("title", "outputDimensionality", "embedContentConfig", "modelArmorConfig"),
    )
)
CONTENT_TEXTS: Final = frozenset(
    (
        *("text", "thought", "thoughtSignature", "functionCall", "functionResponse"),
        *("executableCode", "codeExecutionResult", "partMetadata"),
    )
)
"""Members of a part that are text, all there."""
CONTENT_PARTS: Final = CONTENT_TEXTS | {
    *("inlineData", "fileData", "videoMetadata", "mediaResolution", "mediaProcessing"),
    *("toolCall", "toolResponse", "audioTranscription", "speechMetadata", "audioMetadata"),
    *("documentMetadata", "spreadsheetMetadata"),
}

CONVERSE_MEMBERS: Final = frozenset(
    (
        *("modelId", "messages", "system", "inferenceConfig", "toolConfig", "guardrailConfig"),
        *("projectIdentifier", "additionalModelRequestFields", "promptVariables"),
        *("additionalModelResponseFieldPaths", "requestMetadata", "performanceConfig"),
        *("serviceTier", "outputConfig"),
    )
)
CONVERSE_MEDIA: Final = ("image", "document", "video", "audio")
CONVERSE_TEXTS: Final = frozenset(
    (
        *("text", "json", "toolUse", "toolResult", "guardContent", "cachePoint"),
        *("reasoningContent", "citationsContent", "searchResult", "toolAddition", "toolRemoval"),
    )
)
"""Members of a block that hold all that they bring."""
CONVERSE_INLINE: Final = frozenset(("bytes", "text", "content"))
"""Members of a source that hold all that they bring."""
