import { ManualTime, SeededRandom } from "@proj/wire-types";
import { BufferRegistry } from "#src/buffer/buffer-registry.js";
import { nullCrypto } from "#src/crypto/null-backend.js";
import type { EnginePort } from "#src/stream/engine-port.js";

const nothing = (): void => {};

/** The port of an engine that does nothing but what `parts` do: for tests of the streams above it alone. */
export function stillPort(parts: Partial<EnginePort>): EnginePort {
  return {
    nowUs: 0,
    timers: new ManualTime(),
    buffers: new BufferRegistry(1e6),
    crypto: nullCrypto,
    random: new SeededRandom(1),
    recordLog2: undefined,
    announce: nothing,
    accept: nothing,
    placed: nothing,
    reject: nothing,
    consume: nothing,
    cancel: nothing,
    close: nothing,
    roundTripUs: () => 0,
    settleToken: nothing,
    ...parts,
  };
}
