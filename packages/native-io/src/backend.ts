import { crc32c as portableCrc32c } from "@proj/wire-types";
import { type Addon, loadAddon } from "./addon.js";
import type { Anchors } from "./anchors/anchors.js";
import { NativeAnchors } from "./anchors/native-anchors.js";
import type { Nanoclock } from "./clock/nanoclock.js";
import { NativeNanoclock } from "./clock/native-nanoclock.js";
import type { BatchCopy } from "./copy/batch-copy.js";
import { NativeCopy } from "./copy/native-copy.js";
import type { Cores } from "./cores/cores.js";
import { NativeCores } from "./cores/native-cores.js";
import type { BatchCrypto } from "./crypto/batch-crypto.js";
import { NativeCrypto } from "./crypto/native-crypto.js";
import type { Futex } from "./futex/futex.js";
import { NativeFutex } from "./futex/native-futex.js";
import { portable } from "./portable.js";
import { NativeRma } from "./rma/native-rma.js";
import type { Rma } from "./rma/rma.js";
import { NativeSharedMemory } from "./shm/native-shared-memory.js";
import type { SharedMemory } from "./shm/shared-memory.js";
import { NativeTcp } from "./tcp/native-tcp.js";
import type { TcpTuning } from "./tcp/tcp-tuning.js";
import { NativeUdp } from "./udp/native-udp.js";
import { NativeZstd } from "./zstd/native-zstd.js";
import type { Zstd } from "./zstd/zstd.js";
import type { Udp } from "./udp/udp.js";

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
  /**
   * Computes the CRC-32 of zlib as an unsigned 32-bit integer, with a seed as {@link Backend.crc32c} has it; `undefined` where nothing is
   * faster than Node's own: on the portable backend, and on processors without carry-less multiplication.
   */
  readonly crc32: ((bytes: Uint8Array, seed?: number) => number) | undefined;
  /** Memory shared between processes. */
  readonly shm: SharedMemory;
  /** Waiting for a word of it. */
  readonly futex: Futex;
  /** Memory of other processes and hosts. */
  readonly rma: Rma;
  /** Datagrams in batches. */
  readonly udp: Udp;
  /** Authenticated encryption in batches. */
  readonly crypto: BatchCrypto;
  /** Copies in batches. */
  readonly copies: BatchCopy;
  /** Options of TCP sockets that Node opened. */
  readonly tcp: TcpTuning;
  /** Processors and threads. */
  readonly cores: Cores;
  /** The clock that all processes of the machine share. */
  readonly clock: Nanoclock;
  /** Zstandard with prefixes; `undefined` where the addon was built without it, and on the portable backend. */
  readonly zstd: Zstd | undefined;
  /** Content anchors; `undefined` on the portable backend: who needs them has the loops in JavaScript anyway. */
  readonly anchors: Anchors | undefined;
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
  const { sum: sumCrc32 } = addon.crc32;
  return {
    kind: "native",
    reason: `loaded ${path}`,
    crc32cEngine: engine,
    crc32c: (bytes, seed = 0) =>
      bytes.length < CRC32C_NATIVE_MIN_BYTES ? portableCrc32c(bytes, seed) : sum(bytes, seed),
    crc32: sumCrc32 && ((bytes, seed = 0) => sumCrc32(bytes, seed)),
    shm: addon.shm === undefined ? portable.shm : new NativeSharedMemory(addon.shm),
    futex: addon.futex === undefined ? portable.futex : new NativeFutex(addon.futex),
    rma: addon.rma === undefined ? portable.rma : new NativeRma(addon.rma),
    udp: addon.udp === undefined ? portable.udp : new NativeUdp(addon.udp),
    crypto: new NativeCrypto(addon.crypto, multiBufferLibrary()),
    copies: addon.copy === undefined ? portable.copies : new NativeCopy(addon.copy),
    tcp: addon.tcp === undefined ? portable.tcp : new NativeTcp(addon.tcp),
    cores: addon.cores === undefined ? portable.cores : new NativeCores(addon.cores),
    clock: addon.clock === undefined ? portable.clock : new NativeNanoclock(addon.clock),
    zstd: addon.zstd === undefined ? portable.zstd : new NativeZstd(addon.zstd),
    anchors: addon.anchors === undefined ? portable.anchors : new NativeAnchors(addon.anchors),
  };
}

// NATIVE_IO_MULTI_BUFFER: the library's path, or "off"; without it the system's places.
function multiBufferLibrary(): string | undefined {
  const wish = process.env["NATIVE_IO_MULTI_BUFFER"];
  return wish === "off" ? undefined : (wish ?? "");
}
