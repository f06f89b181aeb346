import { parseBase64 } from "../base64.js";
import { float16Module } from "./float16-module.js";

/** Converts between the two halves of one block of memory. */
export interface Float16Simd {
  /** Where float32 goes in for `narrow` and comes out of `widen`. */
  readonly floats: Float32Array;
  /** Where halves come out of `narrow` and go in for `widen`; as many elements as `floats`. */
  readonly halves: Uint16Array;
  /** Converts the first `count` ≥ 1 floats and may overwrite three halves more. */
  narrow(count: number): void;
  /** Converts the first `count` ≥ 1 halves and may overwrite three floats more. */
  widen(count: number): void;
}

const BLOCK_ELEMENTS = 8192;
const HALVES_ADDRESS = 32_768;

interface ModuleExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  narrow(count: number): void;
  widen(count: number): void;
}

// What this file needs of the WebAssembly JavaScript interface.
interface WebAssemblyInterface {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

/**
 * Compiles the vector version, or returns `undefined` where the runtime has no WebAssembly or no SIMD, or a
 * content security policy forbids it.
 */
export function compileFloat16Simd(): Float16Simd | undefined {
  const { WebAssembly } = globalThis as { readonly WebAssembly?: WebAssemblyInterface };
  if (WebAssembly === undefined) return undefined;
  try {
    const module = new WebAssembly.Module(parseBase64(float16Module));
    const { memory, narrow, widen } = new WebAssembly.Instance(module).exports as ModuleExports;
    return {
      floats: new Float32Array(memory.buffer, 0, BLOCK_ELEMENTS),
      halves: new Uint16Array(memory.buffer, HALVES_ADDRESS, BLOCK_ELEMENTS),
      narrow,
      widen,
    };
  } catch {
    return undefined;
  }
}
