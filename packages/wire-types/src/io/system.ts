import type { Clock, RandomSource, Timer, Timers } from "@proj/wire-types";

// A timer cannot wait longer than 2^31-1 ms: it would fire at once.
const MAX_DELAY_MS = 2 ** 31 - 1;

// In Node a global of this kind is a getter: the clock is read several times for each packet.
const { performance: machine } = globalThis;

/** The machine's clock and timers. A pending timer does not keep a Node process alive and waits 24 days at most. */
export const systemTime: Clock & Timers = {
  nowUs: () => machine.now() * 1000,
  wallMs: () => Date.now(),
  schedule(delayUs: number, callback: () => void): Timer {
    const delayMs = Math.min(MAX_DELAY_MS, Math.max(0, Math.ceil(delayUs / 1000)));
    const handle: unknown = setTimeout(callback, delayMs);
    if (isNodeTimer(handle)) handle.unref();
    return { cancel: () => clearTimeout(handle as number) };
  },
};

// Web Crypto refuses to fill more than this at once.
const MAX_FILL_BYTES = 65_536;

/** The machine's cryptographic randomness. */
export const systemRandom: RandomSource = {
  fill(into: Uint8Array): Uint8Array {
    for (let at = 0; at < into.length; at += MAX_FILL_BYTES) {
      const part = into.subarray(at, at + MAX_FILL_BYTES);
      crypto.getRandomValues(part as Uint8Array<ArrayBuffer>);
    }
    return into;
  },
};

function isNodeTimer(handle: unknown): handle is { unref(): void } {
  return typeof handle === "object" && handle !== null && "unref" in handle;
}
