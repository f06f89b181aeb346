import { FrameOpener, FrameSealer } from "./frame-cipher.js";
import { deriveSalt } from "./key-schedule.js";
import type { SessionCore } from "./session-core.js";
import type { HandshakeResult } from "./handshake-result.js";

/** The ciphers of both directions of one session. */
export interface SessionCiphers {
  readonly sealer: FrameSealer;
  readonly opener: FrameOpener;
}

/** Makes the ciphers of a session whose handshake agreed on keys. spec/xcp.md §12 */
export function makeCiphers(
  core: SessionCore,
  keys: NonNullable<HandshakeResult["keys"]>,
): SessionCiphers {
  const { config, nowUs } = core;
  const { crypto } = config.platform;
  const shared = {
    crypto,
    key: config.key ?? new Uint8Array(0),
    salt: deriveSalt(crypto, keys),
    nowUs,
    allocate: config.platform.allocate,
  };
  const initiator = config.role === "initiator";
  return {
    sealer: new FrameSealer({ ...shared, direction: initiator ? 1 : 2 }),
    opener: new FrameOpener({ ...shared, direction: initiator ? 2 : 1 }),
  };
}
