// The responses of the `openai` package as its documentation sets it up.

import OpenAI from "openai";
import { report } from "./report.mjs";

const client = new OpenAI({ baseURL: `${process.env.GATE}/v1`, apiKey: process.env.KEY });
const input = "hi";
const parameters = { type: "object", properties: {}, additionalProperties: false };
const tools = [{ type: "function", name: "look_up", parameters, strict: true }];

function called({ output }) {
  return { calls: output.filter((item) => item.type === "function_call").map((item) => item.name) };
}

await report({
  async whole(model) {
    const { data, request_id } = await client.responses.create({ model, input }).withResponse();
    return { text: data.output_text, usage: data.usage, entry: request_id };
  },
  async stream(model) {
    const stream = await client.responses.create({ model, input, stream: true });
    let text = "";
    for await (const event of stream) {
      if (event.type === "response.output_text.delta") text += event.delta;
    }
    return { text };
  },
  async tools(model) {
    return called(await client.responses.create({ model, input, tools }));
  },
  async streamed_tools(model) {
    return called(await client.responses.stream({ model, input, tools }).finalResponse());
  },
});
