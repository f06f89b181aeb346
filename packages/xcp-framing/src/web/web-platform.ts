import { crc32c } from "@proj/wire-types";
import { systemRandom, systemTime } from "@proj/wire-types/system";
import type { Platform } from "../platform.js";
import { nobleCrypto } from "./noble-crypto.js";
import { loadWasmZstd } from "./wasm-zstd.js";

/** Makes the platform of a browser or worker; loads WebAssembly for compression. */
export async function createWebPlatform(): Promise<Platform> {
  return {
    time: systemTime,
    random: systemRandom,
    crypto: nobleCrypto,
    zstd: await loadWasmZstd(),
    crc32c: (bytes) => crc32c(bytes),
  };
}
