import { createRequire } from "node:module";
import type * as ZstdWasm from "@bokuweb/zstd-wasm";
import { levelFor } from "../../zstd/prefix-level.js";
import type { ZstdEngine } from "../../zstd/zstd-engine.js";
import { plainPrefix } from "./plain-prefix.js";

const NOTHING = new Uint8Array(0);

let engine: Promise<ZstdEngine> | undefined;

/** The engine in WebAssembly: runs everywhere, at about half the speed. There is one for each thread. */
export function wasmEngine(): Promise<ZstdEngine> {
  // Each further `init` lays a new memory below all contexts that there are, whoever made them.
  engine ??= openEngine();
  return engine;
}

async function openEngine(): Promise<ZstdEngine> {
  // Its ES modules call `require`; only the CommonJS build runs in Node.
  const wasm = createRequire(import.meta.url)("@bokuweb/zstd-wasm") as typeof ZstdWasm;
  await wasm.init();
  const compressor = wasm.createCCtx();
  const decompressor = wasm.createDCtx();
  return {
    name: "wasm",
    compress(source, { level: wanted, prefix = NOTHING }) {
      const level = levelFor(wanted, prefix.length);
      return wasm.compressUsingDict(compressor, source, plainPrefix(prefix), level);
    },
    decompressInto(frame, into, prefix = NOTHING) {
      try {
        // It allocates what the frame declares, which decompressFrame has checked to be what `into` takes.
        const bytes = wasm.decompressUsingDict(decompressor, frame, plainPrefix(prefix));
        if (bytes.length > into.length) return undefined;
        into.set(bytes);
        return bytes.length;
      } catch {
        return undefined;
      }
    },
  };
}
