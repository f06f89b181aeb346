import { backend } from "@proj/native-io";
import { resolveDwcpLimits } from "../../limits.js";
import { decompressFrame } from "../../zstd/frame-check.js";
import type { ZstdEngine } from "../../zstd/zstd-engine.js";
import { nativeEngine } from "./native-engine.js";
import { wasmEngine } from "./wasm-engine.js";
import { zlibEngine } from "./zlib-engine.js";

/** The engine that runs, and why the better ones do not. */
export interface ChosenEngine {
  /** What passed the test. */
  readonly engine: ZstdEngine;
  /** One line per engine that was passed over. */
  readonly passedOver: readonly string[];
}

/**
 * Takes the first engine that passes the self-test: the native addon, Node's zlib, WebAssembly.
 *
 * @see spec/dwcp.md B18
 */
export async function chooseEngine(): Promise<ChosenEngine> {
  const passedOver: string[] = [];
  const native = backend.zstd === undefined ? undefined : nativeEngine(backend.zstd);
  if (native === undefined) passedOver.push(`native: ${backend.reason}, without zstd`);
  const own = zlibEngine();
  if (own === undefined) passedOver.push(`node:zlib: Node ${process.version} has no zstd`);
  for (const engine of [native, own]) {
    if (engine === undefined) continue;
    const lack = selfTest(engine);
    if (lack === undefined) return { engine, passedOver };
    passedOver.push(`${engine.name}: ${lack}`);
  }
  return { engine: await wasmEngine(), passedOver };
}

/** Says what an engine lacks, or `undefined` when it can be used. */
export function selfTest(engine: ZstdEngine): string | undefined {
  const content = new Uint8Array(512);
  for (let at = 0; at < content.length; at++) content[at] = Math.imul(at, 0x9e3779b1) >>> 23;
  const limits = resolveDwcpLimits();
  try {
    const alone = engine.compress(content, { level: 3 });
    const plain = decompressFrame(engine, alone, content.length, limits);
    const frame = engine.compress(content, { level: 3, prefix: content.slice() });
    const back = decompressFrame(engine, frame, content.length, limits, content.slice());
    const same = (bytes: Uint8Array) => bytes.every((byte, at) => byte === content[at]);
    if (!same(plain) || !same(back)) return "what it compressed does not come back";
    if (frame.length * 4 > alone.length) return "it ignores prefixes";
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
  return undefined;
}
