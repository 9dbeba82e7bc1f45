// The `@anthropic-ai/sdk` package as its documentation sets it up.

import Anthropic from "@anthropic-ai/sdk";
import { report } from "./report.mjs";

const client = new Anthropic({ baseURL: process.env.GATE, apiKey: process.env.KEY });
const asked = { max_tokens: 100, messages: [{ role: "user", content: "hi" }] };
const tools = [{ name: "look_up", input_schema: { type: "object" } }];

await report({
  async whole(model) {
    const message = await client.messages.create({ model, ...asked });
    const [{ text }] = message.content;
    return { text, usage: message.usage, entry: message._request_id };
  },
  async stream(model) {
    const stream = client.messages.stream({ model, ...asked });
    let text = "";
    stream.on("text", (delta) => (text += delta));
    await stream.finalMessage();
    return { text };
  },
  async tools(model) {
    const message = await client.messages.create({ model, ...asked, tools });
    return { calls: message.content.map((block) => block.name) };
  },
  async streamed_tools(model) {
    const message = await client.messages.stream({ model, ...asked, tools }).finalMessage();
    return { calls: message.content.map((block) => block.name) };
  },
  async models() {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    return { ids };
  },
});
