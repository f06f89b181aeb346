import { describe, expect, test } from "@jest/globals";
import { type CryptoBackend, type EngineEvent, id64, nullCrypto } from "@proj/dcquic-core";
import {
  runWorkload,
  World,
  type WorkloadOptions,
  type WorkloadReport,
} from "@proj/dcquic-core/sim";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import type { PathId } from "#src/engine/events.js";
import { EventHash } from "#src/sim/event-hash.js";
import { formatOptions } from "#src/sim/reproduction.js";
import { mixOf } from "../support/mixes.js";

const SECOND = 1_000_000;
const path = 1 as PathId;
const other = 2 as PathId;

function hashOf(event: EngineEvent, nowUs = 5, host = 0): number {
  const hash = new EventHash();
  hash.note(nowUs, host, event);
  return hash.value;
}

describe("§23: the hash of events", () => {
  const transfer = id64(1, 2);
  const delivered = { kind: "transferDelivered", path, transfer } as const;
  const event = { ...delivered, bytes: Uint8Array.of(1, 2, 3, 4, 5) };

  test.each<{ what: string; hash: () => number }>([
    { what: "a byte", hash: () => hashOf({ ...event, bytes: Uint8Array.of(1, 2, 3, 4, 6) }) },
    { what: "a length", hash: () => hashOf({ ...event, bytes: Uint8Array.of(1, 2, 3, 4, 5, 0) }) },
    { what: "the path", hash: () => hashOf({ ...event, path: other }) },
    { what: "the transfer", hash: () => hashOf({ ...event, transfer: id64(2, 2) }) },
    { what: "a fraction of time", hash: () => hashOf(event, 5.0000001) },
    { what: "the host", hash: () => hashOf(event, 5, 1) },
  ])("changes with $what", ({ hash }) => {
    expect(hash()).not.toBe(hashOf(event));
  });

  test("changes with numbers, words and what is absent", () => {
    const rates = { kind: "ratesDisagreed", path, bandwidth: 1e9, wished: 4e9 } as const;
    expect(hashOf({ ...rates, wished: 4e9 + 0.5 })).not.toBe(hashOf(rates));
    const failed = { kind: "transferFailed", path, transfer, side: "puller", status: 1 } as const;
    const told = { ...failed, rootCause: undefined };
    expect(hashOf({ ...failed, rootCause: id64() })).not.toBe(hashOf(told));
    expect(hashOf({ ...told, side: "announcer" })).not.toBe(hashOf(told));
  });

  test("is the same where nothing is compiled to the code of a processor", () => {
    const mix = { ...mixOf(7), seed: 7, hosts: 4, untilUs: SECOND };
    const code = `
      import { nullCrypto as crypto } from "@proj/dcquic-core";
      import { runWorkload } from "@proj/dcquic-core/sim";
      console.log(runWorkload(${formatOptions(mix)}).hash);`;
    const options = ["--jitless", "--input-type=module", "--disable-warning=ExperimentalWarning"];
    const cwd = fileURLToPath(new URL("../../", import.meta.url));
    const printed = execFileSync(process.execPath, [...options, "-e", code], {
      cwd,
      stdio: "pipe",
    });
    expect(Number(printed.toString())).toBe(runWorkload({ ...mix, crypto: nullCrypto }).hash);
  }, 60_000);
});

describe("§23: one line repeats what went wrong", () => {
  /** Opens every packet, and gives other bytes than were sealed from the so manieth one on. */
  function treacherous(from: number): CryptoBackend {
    let opened = 0;
    return {
      ...nullCrypto,
      aead: (key) => {
        const aead = nullCrypto.aead(key);
        return {
          ...aead,
          open(job): boolean {
            const isOpen = aead.open(job);
            // A byte of a payload, not of the headers before it.
            if (job.bodyLength > 1000 && opened++ >= from) job.bytes[job.bodyOffset + 500] = 0xee;
            return isOpen;
          },
          openInto(job, into, to): boolean {
            const isOpen = aead.openInto(job, into, to);
            if (job.bodyLength > 1000 && opened++ >= from) into[to + 500] = 0xee;
            return isOpen;
          },
        };
      },
    };
  }

  function failureOf(run: () => unknown): string {
    try {
      run();
    } catch (error) {
      return error instanceof Error ? error.message : "";
    }
    return "";
  }

  const workload: Omit<WorkloadOptions, "crypto"> = {
    seed: 9,
    hosts: 3,
    transfers: Array.from({ length: 12 }, (_, i) => ({
      from: i % 3,
      to: (i + 1) % 3,
      bytes: 3000,
      atUs: 40 * i,
    })),
    network: { delayUs: 40, jitterUs: 3, ceThresholdBytes: Number.POSITIVE_INFINITY },
    faults: {
      loss: 0.1,
      nicDown: [{ host: 1, fromUs: 100, untilUs: 900 }],
      pauses: [{ host: 2, fromUs: 50, untilUs: Number.POSITIVE_INFINITY }],
    },
    config: { rotation: { packets: 20, bytes: 1e9 }, notifyWindow: 64 },
    counters: { packetNumber: 5, keyId: 1, notifySeq: 3, generation: 4 },
    startUs: 77,
    consumeUs: 30,
    untilUs: SECOND,
  };

  test("of a workload, with its transfers, its network, its faults and its settings", () => {
    const first = failureOf(() => {
      const report = runWorkload({ ...workload, crypto: nullCrypto });
      report.world.check(() => "stop");
      report.world.schedule(report.world.nowUs, () => {});
      report.world.run(10 * SECOND);
    });
    const [, line = ""] = /^stop \(event \d+ at [\d.]+ µs of (.*)\)$/s.exec(first) ?? [];
    expect(line).toMatch(/^runWorkload\(\{crypto,"seed":9,/);
    expect(line).not.toContain("\n");
    const again = runInNewContext(line, { runWorkload, crypto: nullCrypto }) as WorkloadReport;
    expect(again.hash).toBe(runWorkload({ ...workload, crypto: nullCrypto }).hash);
  });

  test("at the same event", () => {
    const failure = failureOf(() => runWorkload({ ...workload, crypto: treacherous(5) }));
    expect(failure).not.toBe("");
    const [, line = ""] = / µs of (.*)\)$/s.exec(failure) ?? [];
    const crypto = treacherous(5);
    expect(failureOf(() => runInNewContext(line, { runWorkload, crypto }))).toBe(failure);
  });

  test("of a world, where there is no workload", () => {
    const world = new World({ seed: 3, hosts: 2, crypto: nullCrypto, startUs: 9 });
    expect(world.reproduction).toBe(
      'event 0 at 0 µs of new World({crypto,"seed":3,"hosts":2,"startUs":9})',
    );
    expect(formatOptions({})).toBe("{crypto}");
  });
});
