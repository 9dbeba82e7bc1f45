// The `openai` package as its documentation sets it up.

import OpenAI from "openai";
import { report } from "./report.mjs";

const client = new OpenAI({ baseURL: `${process.env.GATE}/v1`, apiKey: process.env.KEY });
const messages = [{ role: "user", content: "hi" }];
const parameters = { type: "object", properties: {} };
const tools = [{ type: "function", function: { name: "look_up", parameters } }];

await report({
  async whole(model) {
    const { data, request_id } = await client.chat.completions
      .create({ model, messages })
      .withResponse();
    const { message } = data.choices[0];
    return { text: message.content, usage: data.usage, entry: request_id };
  },
  async stream(model) {
    const stream = await client.chat.completions.create({ model, messages, stream: true });
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0].delta.content ?? "";
    return { text };
  },
  async tools(model) {
    const { choices } = await client.chat.completions.create({ model, messages, tools });
    return { calls: choices[0].message.tool_calls.map((call) => call.function.name) };
  },
  async streamed_tools(model) {
    const stream = client.chat.completions.stream({ model, messages, tools });
    const { choices } = await stream.finalChatCompletion();
    return { calls: choices[0].message.tool_calls.map((call) => call.function.name) };
  },
  async models() {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    return { ids };
  },
});
