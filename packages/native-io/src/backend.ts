import { crc32c as portableCrc32c } from "@proj/wire-types";
import { type Addon, loadAddon } from "./addon.js";
import { portable } from "./portable.js";

/** What this machine lends, by native code or by portable JavaScript. */
export interface Backend {
  /** Which of the two this is. */
  readonly kind: "native" | "portable";
  /** Why it is this one: the binary that was loaded, or why none was. One line, for logs. */
  readonly reason: string;
  /** What the checksum runs on: `sse4.2`, `armv8`, `table` (C++ without such an instruction) or `javascript`. */
  readonly crc32cEngine: string;
  /**
   * Computes CRC-32C (Castagnoli) of `bytes` as an unsigned 32-bit integer.
   *
   * @param seed The checksum of what came before, so that `crc32c(b, crc32c(a))` is that of a and b joined; 0 at the
   *   start.
   */
  crc32c(bytes: Uint8Array, seed?: number): number;
}

/**
 * From how many bytes on the native backend calls native code for a checksum.
 *
 * Below it, JavaScript is done before the call into C++ has arrived; `npm run bench -- crc32c` shows where they meet.
 */
export const CRC32C_NATIVE_MIN_BYTES = 64;

/** The fastest backend this machine can run. `NATIVE_IO=portable` in the environment forces the fallback. */
export const backend: Backend = chooseBackend();

function chooseBackend(): Backend {
  const loaded = loadAddon();
  return "addon" in loaded
    ? nativeBackend(loaded.addon, loaded.path)
    : { ...portable, reason: loaded.lack };
}

function nativeBackend(addon: Addon, path: string): Backend {
  const { engine, sum } = addon.crc32c;
  return {
    kind: "native",
    reason: `loaded ${path}`,
    crc32cEngine: engine,
    crc32c: (bytes, seed = 0) =>
      bytes.length < CRC32C_NATIVE_MIN_BYTES ? portableCrc32c(bytes, seed) : sum(bytes, seed),
  };
}
