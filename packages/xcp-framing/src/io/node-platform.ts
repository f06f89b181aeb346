import { backend } from "@proj/native-io";
import { systemRandom, systemTime } from "@proj/wire-types/system";
import type { Platform } from "../platform.js";
import { loadWasmZstd } from "../web/wasm-zstd.js";
import { nodeCrypto } from "./node-crypto.js";
import { nodeZstd } from "./node-zstd.js";

/** What the running Node lends; before Node 22.15 zstd is WebAssembly, which takes some 50 ms to load. */
export const nodePlatform: Platform = {
  time: systemTime,
  random: systemRandom,
  crypto: nodeCrypto,
  zstd: nodeZstd() ?? (await loadWasmZstd()),
  crc32c: (bytes) => backend.crc32c(bytes),
  // Sockets take a Buffer as it is; whoever gives memory to the application makes a plain view of it.
  allocate: (bytes) => Buffer.allocUnsafeSlow(bytes),
};
