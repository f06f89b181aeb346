import { setImmediate } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { nullCrypto, TransportPool } from "@proj/dcquic-core";
import { ManualTime, SeededRandom } from "@proj/wire-types";
import { Status } from "#src/engine/status.js";
import { PoolAttachment } from "#src/share/pool-attachment.js";
import type { RemoteBackend } from "#src/share/remote-backend.js";
import { MAX_PEERS } from "#src/share/remote-link.js";
import {
  type OfferedNews,
  SHARE_VERSION,
  type ShareCommand,
  type SharedRoute,
  type Welcome,
} from "#src/share/share-messages.js";
import type { StreamOutcome } from "#src/stream/stream.js";

const WELCOME: Welcome = {
  version: SHARE_VERSION,
  name: "own",
  inlineMaxBytes: 1024,
  bufferLimitBytes: 1 << 20,
  recordLog2: undefined,
  protection: "record",
  workers: 1,
};

const OVER: StreamOutcome = { status: Status.Ok, reason: "", rootCause: undefined };

function routeTo(peer: string): SharedRoute {
  return { peer, identity: peer, worker: 0, credentialId: new Uint8Array(16), role: "listener" };
}

function offered(stream: number, peer: string): OfferedNews {
  return {
    kind: "offered",
    stream,
    route: routeTo(peer),
    pattern: "unary",
    priority: 3,
    id: undefined,
    meta: new Uint8Array(),
    token: undefined,
    firstBytes: 0,
  };
}

/** A pool that knows every peer, as an attached thread sees it, and what that thread asked it for. */
async function attached(): Promise<{ backend: RemoteBackend; asked: ShareCommand[] }> {
  const asked: ShareCommand[] = [];
  const attachment: PoolAttachment = new PoolAttachment(
    {
      send: (batch) => {
        for (const command of batch) {
          asked.push(command);
          if (command.kind === "attach") receive({ kind: "attached", welcome: WELCOME });
          if (command.kind !== "route") continue;
          const { peer, request } = command;
          receive({ kind: "routed", request, route: routeTo(peer) });
        }
      },
      close: () => {},
    },
    {
      nowUs: () => 0,
      timers: new ManualTime(),
      crypto: nullCrypto,
      random: new SeededRandom(1),
    },
  );
  const receive = (news: unknown): void => queueMicrotask(() => attachment.receive([news]));
  const { backend } = await attachment.attached;
  return { backend, asked };
}

/** Begins a call; resolves with the peer to which its stream was opened. */
async function call(backend: RemoteBackend, asked: ShareCommand[], peer: string): Promise<unknown> {
  TransportPool.on(backend).unaryRpc(peer, new Uint8Array(8));
  await setImmediate();
  return asked.findLast((command) => command.kind === "open")?.peer;
}

test("§20: an attached thread forgets the oldest of very many peers, and asks for the way to it again", async () => {
  const { backend, asked } = await attached();
  const timesAsked = (): number =>
    asked.filter((command) => command.kind === "route" && command.peer === "first").length;
  expect(await call(backend, asked, "first")).toBe("first");
  for (let peer = 1; peer < MAX_PEERS; peer++) await backend.route(String(peer));
  expect(await call(backend, asked, "first")).toBe("first");
  expect(timesAsked()).toBe(1);
  await backend.route("one more");
  expect(await call(backend, asked, "first")).toBe("first");
  expect(timesAsked()).toBe(2);
});

test("§20: very many peers that call push out the ways that this thread asked for, and nothing is mixed up", async () => {
  const { backend, asked } = await attached();
  const { path } = await backend.route("first");
  for (let caller = 0; caller < MAX_PEERS; caller++) {
    const stream = caller * 2;
    backend.handle(offered(stream, `caller ${caller}`));
    backend.handle({ kind: "closed", stream, outcome: OVER });
  }
  expect(await call(backend, asked, "first")).toBe("first");
  expect((await backend.route("first")).path).not.toBe(path);
});
