import { afterEach, describe, test } from "@jest/globals";
import type { TransportPool } from "@proj/dcquic-core";
import type { ByteStream } from "@proj/wire-types";
import { byteStreamCases } from "@proj/wire-types/testing";
import { localPool } from "../support/udp-pools.js";

const pools: TransportPool[] = [];

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

describe("§24: a bidirectional stream is a ByteStream like any other", () => {
  for (const { name, run } of byteStreamCases(async () => {
    const [caller, answerer] = await Promise.all([
      localPool({ closeGraceMs: 100 }),
      localPool({ closeGraceMs: 100 }),
    ]);
    pools.push(caller, answerer);
    const incoming = new Promise<ByteStream>((resolve) => {
      answerer.serve({ accept: (call) => resolve(call.byteStream()) });
    });
    const a = caller.openByteStream(answerer.name);
    return { a, b: await incoming, dispose: () => {} };
  })) {
    test(name, run, 30_000);
  }
});
