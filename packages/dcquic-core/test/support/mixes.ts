import type { Faults, MemoryAccessOptions, PlannedTransfer } from "@proj/dcquic-core/sim";
import { SeededRandom, uniform } from "@proj/wire-types";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

const SIZES = [0, 1, 1023, 1024, 1025, 1400, 16_384, 65_537] as const;
const HOSTS = 4;

/** Faults and transfers between four hosts, all from one seed. */
export interface Mix {
  readonly faults: Faults;
  readonly transfers: readonly PlannedTransfer[];
  readonly consumeUs: number;
}

/** Seeds from `SIM_FROM` on, or from 1, `few` or as many as `FUZZ_RUNS` says; with `SIM_SEED` that one alone. */
export function seedsOf(few: number): readonly number[] {
  const one = process.env["SIM_SEED"];
  if (one !== undefined) return [Number(one)];
  const first = Number(process.env["SIM_FROM"] ?? 1);
  return Array.from({ length: fuzzRuns(few).numRuns }, (_, i) => first + i);
}

/** The command that runs one seed of a file of tests again. */
export function repeatOf(seed: number, file: string): string {
  return `SIM_SEED=${seed} npm test -- ${file}`;
}

/** Draws a mix: every fault is there with a probability of 0.3, every third transfer depends on an earlier one. */
export function mixOf(seed: number): Mix {
  const random = new SeededRandom(seed);
  const draw = (): number => uniform(random);
  const maybe = (fault: Faults): Faults => (draw() < 0.3 ? fault : {});
  const span = (longestUs: number): { fromUs: number; untilUs: number } => ({
    fromUs: draw() * 500,
    untilUs: draw() * longestUs,
  });
  const faults: Faults = Object.assign(
    {},
    maybe({ loss: draw() * 0.15 }),
    maybe({ burst: { begin: draw() * 0.02, goOn: 0.5 + draw() * 0.4 } }),
    maybe({ duplicate: draw() * 0.2 }),
    maybe({ reorder: { probability: draw() * 0.3, delayUs: draw() * 2000 } }),
    maybe({ corrupt: draw() * 0.1 }),
    maybe({ truncate: draw() * 0.05 }),
    maybe({ partitions: [{ from: 0, to: 1, ...span(2e6) }] }),
    maybe({ nicDown: [{ host: 2, ...span(2e6) }] }),
    maybe({ pauses: [{ host: 3, ...span(1e6) }] }),
    maybe({ clockJumps: [{ host: 1, atUs: draw() * 1000, byUs: draw() * 1e6 }] }),
    maybe({ replay: { probability: draw() * 0.2, delayUs: 1e5 } }),
    maybe({ spoof: draw() * 0.2 }),
    maybe({ forgedIcmp: draw() * 0.01 }),
    maybe({
      rehandshakes: [
        { from: 1, to: 2, atUs: draw() * 2000, running: "move" },
        { from: 0, to: 3, atUs: draw() * 2000, running: "finish" },
        { from: 2, to: 1, atUs: draw() * 5000, running: "move" },
      ],
    }),
    maybe({ flowBytesPerSecond: 1e8 + draw() * 1e9 }),
    maybe({ failovers: [{ host: 3, atUs: draw() * 1000, port: 0 }] }),
  );
  return { faults, transfers: transfersOf(draw), consumeUs: draw() < 0.3 ? draw() * 1000 : 0 };
}

/** Draws how hosts read each other's memory, and how often that fails or brings other bytes. */
export function memoryAccessOf(seed: number): MemoryAccessOptions {
  const random = new SeededRandom(seed + 1e6);
  const draw = (): number => uniform(random);
  return {
    delayUs: draw() * 200,
    bytesPerSecond: 1e8 + draw() * 1e10,
    failure: draw() < 0.5 ? draw() * 0.3 : 0,
    corrupt: draw() < 0.3 ? draw() * 0.05 : 0,
  };
}

function transfersOf(draw: () => number): readonly PlannedTransfer[] {
  const drawn = Array.from({ length: 30 }, (_, i) => {
    const from = Math.floor(draw() * HOSTS);
    return {
      from,
      to: (from + 1 + Math.floor(draw() * (HOSTS - 1))) % HOSTS,
      bytes: SIZES[Math.floor(draw() * SIZES.length)] ?? 0,
      atUs: 50 * i,
      priority: Math.floor(draw() * 8),
      sealed: draw() < 0.2,
      track: true,
    };
  });
  return drawn.map((transfer, i): PlannedTransfer => {
    const earlier = drawn.findIndex(
      (other, k) => k < i && other.from === transfer.from && other.to === transfer.to,
    );
    if (earlier < 0 || draw() >= 0.3) return transfer;
    return { ...transfer, after: [{ transfer: earlier, kind: Math.floor(draw() * 4) }] };
  });
}
