// The `ai` package (Vercel's AI SDK) with the providers of three vendors.

import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, streamText, tool } from "ai";
import { z } from "zod";
import { report } from "./report.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false; // it does not know the simulated models
const { GATE: gate, KEY: apiKey } = process.env;
const vendors = {
  anthropic: createAnthropic({ baseURL: `${gate}/v1`, apiKey }),
  google: createGoogleGenerativeAI({ baseURL: `${gate}/v1beta`, apiKey }),
  openai: createOpenAI({ baseURL: `${gate}/v1`, apiKey }).chat,
  responses: createOpenAI({ baseURL: `${gate}/v1`, apiKey }).responses,
};
const look_up = tool({ description: "Looks up.", inputSchema: z.object({}) });

function asked(vendor, model) {
  return { model: vendors[vendor](model), prompt: "hi" };
}

await report({
  async whole(vendor, model) {
    const { text, usage, response } = await generateText(asked(vendor, model));
    return { text, usage, entry: response.headers["x-request-id"] };
  },
  async stream(vendor, model) {
    const stream = streamText({ ...asked(vendor, model), onError() {} });
    let text = "";
    for await (const part of stream.fullStream) {
      if (part.type === "error") throw part.error;
      if (part.type === "text-delta") text += part.text;
    }
    return { text, usage: await stream.usage, finish: await stream.finishReason };
  },
  async tools(vendor, model) {
    const { toolCalls } = await generateText({ ...asked(vendor, model), tools: { look_up } });
    return { calls: toolCalls.map((call) => call.toolName) };
  },
  async streamed_tools(vendor, model) {
    const stream = streamText({ ...asked(vendor, model), tools: { look_up }, onError() {} });
    return { calls: (await stream.toolCalls).map((call) => call.toolName) };
  },
});
