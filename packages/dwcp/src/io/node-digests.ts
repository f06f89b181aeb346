import { createHash, createHmac, hkdfSync } from "node:crypto";
import type { Digests } from "../session/digests.js";

/** The {@link Digests} of Node's own cryptography. */
export const nodeDigests: Digests = {
  sha256: (...parts) => {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    return hash.digest();
  },
  hmacSha256: (key, ...parts) => {
    const hmac = createHmac("sha256", key);
    for (const part of parts) hmac.update(part);
    return hmac.digest();
  },
  hkdfSha256: (secret, salt, info, bytes) =>
    new Uint8Array(hkdfSync("sha256", secret, salt, info, bytes)),
};
