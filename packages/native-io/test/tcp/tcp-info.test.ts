import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseTcpInfo } from "#src/tcp/tcp-info.js";

describe("struct tcp_info", () => {
  test("fields lie where Linux's header puts them", () => {
    const view = new DataView(new ArrayBuffer(232));
    for (let at = 0; at < 232; at += 4) view.setUint32(at, at, true);
    expect(parseTcpInfo(new Uint8Array(view.buffer))).toMatchObject({
      retransmissionTimeoutUs: 8,
      sendMssBytes: 16,
      pathMtuBytes: 60,
      rttUs: 68,
      rttVarUs: 72,
      congestionWindowSegments: 80,
      totalRetransmissions: 100,
      ackedBytes: 120 + 124 * 2 ** 32,
      notSentBytes: 144,
      minRttUs: 148,
      sendWindowBytes: 228,
    });
  });

  test("what an older kernel does not write is 0", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 240 }), (bytes) => {
        const info = parseTcpInfo(bytes);
        for (const value of Object.values(info)) expect(value).toBeGreaterThanOrEqual(0);
        if (bytes.length < 232) expect(info.sendWindowBytes).toBe(0);
        if (bytes.length < 72) expect(info.rttUs).toBe(0);
      }),
      { numRuns: Number(process.env["FUZZ_RUNS"] ?? 100), verbose: true },
    );
  });
});
