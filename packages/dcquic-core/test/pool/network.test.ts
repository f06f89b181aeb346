import { afterEach, describe, expect, test } from "@jest/globals";
import { type Acceptor, DcquicError, type TransportPool } from "@proj/dcquic-core";
import { createTransportPool, fileTarget } from "@proj/dcquic-core/node";
import { equalBytes, SeededRandom } from "@proj/wire-types";
import { mkdtempSync, rmSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { localPool, rackKey } from "../support/udp-pools.js";

const pools: TransportPool[] = [];

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

async function made(more: Parameters<typeof localPool>[0] = {}): Promise<TransportPool> {
  const pool = await localPool({ closeGraceMs: 100, ...more });
  pools.push(pool);
  return pool;
}

const echo: Acceptor = {
  accept: async (incoming) => {
    await incoming.reply((await incoming.request()).bytes);
  },
};

async function codeOf(done: Promise<unknown>): Promise<string> {
  try {
    await done;
    return "fulfilled";
  } catch (error) {
    return error instanceof DcquicError ? error.code : String(error);
  }
}

describe("§7, §24: paths are made when they are needed", () => {
  test("concurrent calls share one handshake, and the answerer calls back over the same path", async () => {
    const admitted: string[] = [];
    const [caller, answerer] = [
      await made(),
      await made({
        authorize: (identity) => {
          admitted.push(identity);
          return true;
        },
      }),
    ];
    caller.serve(echo);
    answerer.serve({
      accept: async (incoming) => {
        const { bytes } = await incoming.request();
        const back = await answerer.unaryRpc(incoming.peer, bytes.slice()).response;
        await incoming.reply(back.copy());
      },
    });
    const calls = Array.from({ length: 50 }, (_, i) =>
      caller.unaryRpc(answerer.name, Uint8Array.of(i)),
    );
    const answers = await Promise.all(calls.map(({ response }) => response));
    expect(answers.map(({ bytes: [first] }) => first)).toEqual([...Array(50).keys()]);
    expect(admitted).toEqual(["rack"]);
  });

  test("another key, an identity that is not admitted, and a port that nobody has make no path", async () => {
    const answerer = await made({ authorize: () => false });
    const stranger = await made({
      credentials: { ...rackKey, secret: new Uint8Array(32).fill(2) },
    });
    const caller = await made();
    const call = (pool: TransportPool, peer: string): Promise<string> =>
      codeOf(pool.unaryRpc(peer, new Uint8Array(1)).response);
    expect(await call(stranger, answerer.name)).toBe("dcquic.handshake_failed");
    expect(await call(stranger, "127.0.0.1:1")).toBe("dcquic.handshake_failed");
    // The dialer has its path before the listener decides; what it sends is never answered.
    const { response } = caller.unaryRpc(answerer.name, new Uint8Array(1), { deadlineMs: 500 });
    expect(["dcquic.deadline", "dcquic.handshake_failed"]).toContain(await codeOf(response));
    await expect(caller.connect("nonsense")).rejects.toThrow(RangeError);
  });

  test("§7.4: a peer that was started anew says so, and idempotent calls are repeated on a new path", async () => {
    const resetSigner = new Uint8Array(32).fill(9);
    const caller = await made();
    const first = await localPool({ resetSigner });
    first.serve(echo);
    await caller.unaryRpc(first.name, Uint8Array.of(1)).response;
    // Nobody who just made a path believes that it is forgotten.
    await new Promise((resolve) => setTimeout(resolve, 10_100));
    const port = Number(first.name.split(":")[1]);
    await first.close();
    const second = await made({ port, resetSigner });
    second.serve(echo);
    const { response } = caller.unaryRpc(second.name, Uint8Array.of(2), {
      idempotent: true,
      deadlineMs: 40_000,
    });
    expect([...(await response).bytes]).toEqual([2]);
  });

  test("connections that say nothing, or nonsense, take nobody's place", async () => {
    const answerer = await made({ maxHandshakes: 4, handshakeTimeoutMs: 2_000 });
    answerer.serve(echo);
    const port = Number(answerer.name.split(":")[1]);
    const silent = Array.from({ length: 3 }, () => connect(port, "127.0.0.1"));
    const loud = connect(port, "127.0.0.1", () => loud.write("GET / HTTP/1.1\r\n\r\n"));
    const ended = [...silent, loud].map(async (socket) => {
      socket.on("error", () => {}).resume();
      await new Promise((resolve) => socket.once("close", resolve));
    });
    await Promise.all(ended);
    const caller = await made();
    const answer = await caller.unaryRpc(answerer.name, Uint8Array.of(7)).response;
    expect([...answer.bytes]).toEqual([7]);
  });

  test("a port that is taken is refused with a code", async () => {
    const pool = await made();
    const port = Number(pool.name.split(":")[1]);
    const again = createTransportPool({ host: "127.0.0.1", port, credentials: rackKey });
    await expect(again).rejects.toMatchObject({ code: "wire.connection_failed" });
  });
});

test("§4: a bulk transfer lands in a file, at its offset, with every durability", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dcquic-"));
  const content = new SeededRandom(4).fill(new Uint8Array(1_000_000));
  const [caller, answerer] = [await made(), await made()];
  try {
    for (const durability of ["none", "data", "full"] as const) {
      const path = join(folder, durability);
      answerer.serve({
        accept: async (incoming) => {
          const handle = await open(path, "w");
          try {
            await incoming.place(fileTarget(handle, 100, durability));
          } finally {
            await handle.close();
          }
        },
      });
      const { bytes } = await caller.rawBulkTransfer(answerer.name, content.slice()).done;
      expect(bytes).toBe(content.length);
      expect(equalBytes((await readFile(path)).subarray(100), content)).toBe(true);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
