import { describe, expect, test } from "@jest/globals";
import { type EngineConfig, id64 } from "@proj/dcquic-core";
import { FrameType } from "#src/wire/constants.js";
import { encodePullRequest, pullRequest } from "#src/wire/transfer-frames.js";
import { rangesOf } from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";

const MTU = 1400;
const WINDOW_PACKETS = 10;
// What a transmitting test lasts, and how late a timer may be: packets of a millisecond go at once.
const LASTS_US = 500;
const SLACK_US = 1000;

/** How many DATA bytes an engine sends in half a millisecond of a pull of 100,000 bytes, of which the peer reports nothing. */
function sentBytes(config: Partial<EngineConfig>, rate: number): number {
  const peer = new RawPeer({ nicSlackUs: SLACK_US, ...config });
  const options = { shape: 0x30, priority: 3, messageSeq: 0, inline: "never" } as const;
  const payload = new Uint8Array(100_000);
  const announced = peer.engine.announce(peer.nowUs, peer.path, { ...options, payload });
  if (announced.kind !== "announced") throw new Error(announced.kind);
  peer.transmit(10_000);
  const { transfer } = announced;
  peer.send((writer) => {
    writer.u8(FrameType.PullRequest);
    const ids = { announcerId: transfer, bufferId: transfer, pullerId: id64(1, 1) };
    const ranges = rangesOf([[0, payload.length]]);
    encodePullRequest(writer, { ...pullRequest(), ...ids, ranges, rate });
  });
  const before = peer.engine.counters.bytesSent;
  const sent = peer.transmit(10_000).map(({ length }) => length);
  const bytes = sent.reduce((sum, length) => sum + length, 0);
  expect(peer.engine.counters.bytesSent - before).toBe(bytes);
  return bytes - sent.filter((length) => length < MTU / 2).reduce((sum, length) => sum + length, 0);
}

describe("§12: packets that go in runs", () => {
  const bytesPerUs = 5;
  const most = bytesPerUs * (LASTS_US + SLACK_US) + 2 * MTU;

  test("fill the window, and no more", () => {
    const bytes = sentBytes({}, 1e9);
    expect(bytes).toBeGreaterThan((WINDOW_PACKETS - 1) * MTU);
    expect(bytes).toBeLessThanOrEqual((WINDOW_PACKETS + 1) * MTU);
  });

  test("take as much of the NIC as one after the other", () => {
    const bytes = sentBytes({ nicBytesPerSecond: bytesPerUs * 1e6 }, 1e9);
    expect(bytes).toBeGreaterThan(bytesPerUs * SLACK_US);
    expect(bytes).toBeLessThan(most);
  });

  test("take as much of what the puller wishes for", () => {
    const bytes = sentBytes({}, (bytesPerUs * 1e6) / 1.25);
    expect(bytes).toBeGreaterThan(bytesPerUs * SLACK_US);
    expect(bytes).toBeLessThan(most);
  });
});
