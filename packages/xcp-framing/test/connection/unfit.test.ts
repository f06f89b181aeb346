import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { MessageHandler, OutgoingMessage, Tag } from "@proj/xcp-framing";
import { connectionPair } from "../support/connections.js";

const message = { bodyCodec: 8, body: new Uint8Array([1]) };
const tags = (count: number, text = "v"): Tag[] =>
  Array.from({ length: count }, (_, i) => ({ key: `k${i}`, val: text }));
const unfit: [string, Partial<OutgoingMessage>][] = [
  ["65 tags", { tags: tags(65) }],
  ["a tag of 4097 bytes", { tags: tags(1, "x".repeat(4097)) }],
  ["tags of more than a header holds", { tags: tags(20, "x".repeat(4096)) }],
  ["tags of more than the peer reads by default", { tags: tags(4, "x".repeat(4096)) }],
  [
    "a hash of 15 bytes",
    { schemaKey: { nsHash: 0, kindId: 1, major: 1, minor: 0, hash128: new Uint8Array(15) } },
  ],
  ["a type that no message has", { msgType: 5 }],
];

// What is thrown where nobody catches it ends the process.
let escaped: unknown[];
const note = (thrown: unknown): void => void escaped.push(thrown);
beforeEach(() => {
  escaped = [];
  process.on("unhandledRejection", note);
});
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  expect(escaped).toEqual([]);
});

describe("a message that does not fit", () => {
  test.each(unfit)("%s: the caller is told, and the connection goes on", async (_what, fields) => {
    const [near, far] = await connectionPair({}, { handler: () => message });
    await expect(near.request({ ...message, ...fields })).rejects.toBeInstanceOf(RangeError);
    await near.request({ ...message, tags: tags(64) });
    await Promise.all([near.close(), far.close()]);
  });

  test.each(unfit)("%s in a reply refuses the request with ERR_APP", async (_what, fields) => {
    const reply: OutgoingMessage = { ...message, ...fields };
    const handlers: MessageHandler[] = [
      () => reply,
      async () => reply,
      () => ({
        ...reply,
        body: (async function* () {
          yield message.body;
        })(),
      }),
    ];
    for (const handler of handlers) {
      const [near, far] = await connectionPair({}, { handler });
      await expect(near.request(message)).rejects.toMatchObject({ code: "xcp.app" });
      await near.ping();
      await Promise.all([near.close(), far.close()]);
    }
  });

  test("64 tags leave no room for xcp.len, on either side", async () => {
    const body = new Uint8Array(3_000_000);
    const [near, far] = await connectionPair(
      {},
      { handler: (received) => ({ ...message, body, tags: received.tags }) },
    );
    await expect(near.request({ ...message, body, tags: tags(64) })).rejects.toBeInstanceOf(
      RangeError,
    );
    await expect(near.request({ ...message, tags: tags(64) })).rejects.toMatchObject({
      code: "xcp.app",
    });
    expect((await near.request({ ...message, tags: tags(63) })).tags).toHaveLength(64);
    await Promise.all([near.close(), far.close()]);
  });

  test.each(["text", 5, null, { length: 1 }])("a body that is no bytes: %p", async (body) => {
    const wrong = { bodyCodec: 8, body } as unknown as OutgoingMessage;
    for (const handler of [(): OutgoingMessage => wrong, async () => wrong]) {
      const [near, far] = await connectionPair({}, { handler });
      await expect(near.request(message)).rejects.toMatchObject({ code: "xcp.app" });
      await Promise.all([near.close(), far.close()]);
    }
  });

  test("an answer to a question that cannot be written declines it", async () => {
    const wrong = { values: 5, declined: false } as never;
    const [near, far] = await connectionPair(
      { onClarify: () => wrong },
      {
        handler: async (_request, context) => {
          await context.clarify({ reason: 1, fields: [] });
          return undefined;
        },
      },
    );
    await expect(near.request(message)).rejects.toMatchObject({
      code: "xcp.clarification_declined",
    });
    await Promise.all([near.close(), far.close()]);
  });
});
