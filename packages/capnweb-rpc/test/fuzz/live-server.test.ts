// Malformed messages to a server that runs: each ends in a refusal, an abort or a 400, and others live on.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import * as ours from "@proj/capnweb-rpc";
import { newWebSocketRpcSession, type RpcStub, RpcTarget } from "@proj/capnweb-rpc";
import fc from "fast-check";
import { once } from "node:events";
import { WebSocket } from "ws";
import { NodeServer } from "../support/node-server.js";

const numRuns = Number(process.env["FUZZ_RUNS"] ?? 150);

class Api extends RpcTarget {
  add(a: number, b: number) {
    return a + b;
  }
  get list() {
    return [1, { f: (x: unknown) => x }];
  }
  echo(value: unknown) {
    return value;
  }
}

let server: NodeServer;
let address: string;
let bystander: RpcStub<Api>;
let unhandled = 0;
const count = () => void unhandled++;

beforeAll(async () => {
  process.on("unhandledRejection", count);
  server = new NodeServer(ours, () => new Api(), { batch: { maxTimeMs: 200 } });
  address = await server.listen();
  bystander = newWebSocketRpcSession<Api>(`ws://${address}`);
  expect(await bystander.add(1, 1)).toBe(2);
});

afterAll(async () => {
  bystander[Symbol.dispose]();
  await server.close();
  process.off("unhandledRejection", count);
});

const id = fc.oneof(
  fc.integer({ min: -3, max: 5 }),
  fc.double(),
  fc.constantFrom("x", null, 2 ** 60),
);
const path = fc.oneof(
  fc.array(fc.constantFrom("add", "list", "echo", "f", "__proto__", "constructor", 0, 1, "1")),
  fc.jsonValue(),
);
const { expression } = fc.letrec<{ expression: unknown }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4 },
    fc.jsonValue({ maxDepth: 2 }),
    fc.tuple(fc.constantFrom("export", "promise", "import", "readable", "writable"), id),
    fc.tuple(fc.constantFrom("import", "pipeline"), id, path),
    fc.tuple(fc.constantFrom("import", "pipeline"), id, path, fc.array(tie("expression"))),
    fc.tuple(
      fc.constant("remap"),
      id,
      path,
      fc.array(fc.tuple(fc.constantFrom("import", "export"), id), { maxLength: 3 }),
      fc.array(tie("expression"), { maxLength: 4 }),
    ),
    fc.tuple(
      fc.constantFrom("bytes", "bigint", "date", "error", "blob", "request"),
      tie("expression"),
    ),
    fc.tuple(fc.array(tie("expression"), { maxLength: 3 })),
  ),
}));
const message = fc.oneof(
  fc.tuple(fc.constantFrom("push", "stream"), expression),
  fc.tuple(fc.constantFrom("pull", "release"), id, fc.nat(3)),
  fc.tuple(fc.constantFrom("resolve", "reject"), id, expression),
  fc.constantFrom(["pipe"], ["abort"], []),
  expression,
);
const text = fc.oneof(
  { arbitrary: message.map((tree) => JSON.stringify(tree)), weight: 6 },
  { arbitrary: message.map((tree) => JSON.stringify(tree).slice(0, -1)), weight: 1 },
  { arbitrary: fc.string(), weight: 1 },
);

/** Sends raw messages and answers what came back until a probe was answered, or the end. */
async function converse(messages: readonly string[]): Promise<{ code: number; heard: string[] }> {
  const socket = new WebSocket(`ws://${address}`);
  const heard: string[] = [];
  await once(socket, "open");
  const closed = once(socket, "close") as Promise<[number]>;
  const probed = new Promise<[number]>((resolve) => {
    socket.on("message", (data: Buffer) => {
      heard.push(data.toString());
      if (heard.at(-1)?.includes('"live probe"') === true) resolve([0]);
    });
  });
  for (const each of messages) socket.send(each);
  // Ids are counted: whatever was pushed before, one of these is the probe's.
  socket.send('["push","live probe"]');
  for (let n = 1; n <= messages.length + 1; n++) socket.send(`["pull",${n}]`);
  const [code] = await Promise.race([closed, probed]);
  socket.terminate();
  return { code, heard };
}

test(
  "over WebSocket: a session ends with an abort and 3000, or goes on answering",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 5 }), async (messages) => {
        const { code, heard } = await converse(messages);
        expect([0, 3000]).toContain(code);
        for (const line of heard) expect(JSON.parse(line)).toBeInstanceOf(Array);
        const aborts = heard.filter((line) => line.startsWith('["abort"'));
        expect(aborts.length).toBeLessThanOrEqual(1);
        expect(await bystander.add(20, 22)).toBe(42);
      }),
      { numRuns },
    );
    expect(unhandled).toBe(0);
  },
  20_000 + numRuns * 50,
);

test(
  "over HTTP: a batch is answered, with 200 or with 400 and one abort",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 6 }), async (messages) => {
        const response = await fetch(`http://${address}`, {
          method: "POST",
          body: messages.join("\n"),
        });
        const body = await response.text();
        expect([200, 400]).toContain(response.status);
        if (response.status === 400) expect(body).toMatch(/^\["abort",[^\n]*$/);
        for (const line of body.split("\n")) {
          if (line !== "") expect(JSON.parse(line)).toBeInstanceOf(Array);
        }
        expect(await bystander.add(2, 2)).toBe(4);
      }),
      { numRuns },
    );
    expect(unhandled).toBe(0);
  },
  20_000 + numRuns * 50,
);
