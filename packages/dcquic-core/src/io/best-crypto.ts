import { backend } from "@proj/native-io";
import type { CryptoBackend } from "../crypto/backend.js";
import { nodeCrypto } from "./node-crypto.js";
import { ringCrypto } from "./ring-crypto.js";

/**
 * Makes the quickest cryptography of this process for one engine: in batches by the addon of native-io where that was loaded,
 * otherwise packet by packet by `node:crypto`.
 */
export function bestCrypto(): CryptoBackend {
  return backend.kind === "native" ? ringCrypto(backend) : nodeCrypto;
}
