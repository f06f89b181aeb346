import { expect, test } from "@jest/globals";
import { bindThread } from "@proj/dcquic-core/node";
import { backend } from "@proj/native-io";
import { until } from "@proj/wire-types/testing";
import { spanProblems, traced } from "../support/traced.js";
import { localPair } from "../support/udp-pools.js";

const nativeTest = backend.kind === "native" ? test : test.skip;

async function traceBoth(more: Parameters<typeof localPair>[0]): Promise<void> {
  const { caller, answerer, dispose } = await localPair(more);
  try {
    answerer.serve({ accept: async (call) => call.reply((await call.request()).bytes) });
    const sides = [traced(caller), traced(answerer)] as const;
    const payload = new Uint8Array(200_000);
    const calls = [true, false].map(
      (track) => caller.unaryRpc(answerer.name, payload, { track }).response,
    );
    await Promise.all(calls);
    const isOver = (): boolean =>
      sides.every(({ book }) => book.stats.ended > 0 && book.stats.open === 0);
    await until(isOver, "all spans of both sides to end");
    for (const { book } of sides) book.close();
    expect(spanProblems(sides.map(({ spans }) => spans))).toEqual([]);
    const phases = sides.flatMap(({ spans }) =>
      spans.filter(({ kind }) => kind === "producer").map(({ moments }) => moments.length),
    );
    expect(phases).toEqual([5, 5, 5, 5]);
    expect(sides.map(({ book }) => book.stats.cut.closed)).toEqual([0, 0]);
  } finally {
    await dispose();
  }
}

test("§21: calls between two pools on a real network are traced at both ends", () =>
  traceBoth({ settings: { preset: "twoCoreTest" } }));

nativeTest("§21: so are those of workers on threads of their own", () =>
  traceBoth({ settings: { preset: "twoCoreTest", workers: 2 }, bind: bindThread }),
);
