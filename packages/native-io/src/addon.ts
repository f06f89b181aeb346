import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { AnchorsAddon } from "./anchors/native-anchors.js";
import type { ClockAddon } from "./clock/native-nanoclock.js";
import type { CopyAddon } from "./copy/native-copy.js";
import type { CoresAddon } from "./cores/native-cores.js";
import type { CryptoAddon } from "./crypto/native-crypto.js";
import type { FutexAddon } from "./futex/native-futex.js";
import type { RmaAddon } from "./rma/rma-addon.js";
import type { ShmAddon } from "./shm/shm-addon.js";
import type { TcpAddon } from "./tcp/native-tcp.js";
import type { UdpAddon } from "./udp/native-udp.js";
import type { ZstdAddon } from "./zstd/native-zstd.js";

/** What native/addon.cc exports: an object per feature, without those that the platform lacks. */
export interface Addon {
  /** The version of this interface. */
  readonly interface: number;
  /** Without `sum` where the processor lacks the instructions. */
  readonly crc32: Partial<ChecksumAddon>;
  readonly crc32c: ChecksumAddon & { readonly engine: string };
  readonly crypto: CryptoAddon;
  readonly copy?: CopyAddon;
  readonly udp?: UdpAddon;
  readonly tcp?: TcpAddon;
  readonly cores?: CoresAddon;
  readonly shm?: ShmAddon;
  readonly rma?: RmaAddon;
  readonly futex?: FutexAddon;
  readonly clock?: ClockAddon;
  readonly zstd?: ZstdAddon;
  readonly anchors?: AnchorsAddon;
}

/** What native/crc32_exports.cc and native/crc32c_exports.cc export. */
interface ChecksumAddon {
  sum(bytes: Uint8Array, seed: number): number;
}

/** The addon and where it lies, or why there is none. */
export type LoadedAddon =
  | { readonly addon: Addon; readonly path: string }
  | { readonly lack: string };

// What this file understands; native/addon.cc counts it up when an export changes.
const ADDON_INTERFACE = 3;

const root = new URL("../", import.meta.url);
const target = `${process.platform}-${process.arch}`;
const sanitized = "build/sanitized/native_io.node";
const candidates: readonly string[] = [
  "build/native_io.node",
  "native/build/Release/native_io.node",
  `prebuilds/${target}/native_io.node`,
];

/** Loads the first addon that was built for this machine and this version of the package. */
export function loadAddon(): LoadedAddon {
  if (process.env["NATIVE_IO"] === "portable") return { lack: "NATIVE_IO=portable" };
  const refusals: string[] = [];
  const paths = process.env["NATIVE_IO"] === "sanitized" ? [sanitized] : candidates;
  for (const path of paths) {
    const file = fileURLToPath(new URL(path, root));
    if (!existsSync(file)) continue;
    const loaded = loadFrom(file, path);
    if ("addon" in loaded) return loaded;
    refusals.push(loaded.lack);
  }
  return { lack: refusals.length > 0 ? refusals.join("; ") : `no addon was built for ${target}` };
}

function loadFrom(file: string, path: string): LoadedAddon {
  try {
    const addon = createRequire(import.meta.url)(file) as Addon;
    if (addon.interface === ADDON_INTERFACE) return { addon, path };
    return {
      lack: `${path} is of another version: interface ${addon.interface}, not ${ADDON_INTERFACE}`,
    };
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return { lack: `${path} does not load: ${message.split("\n")[0]}` };
  }
}
