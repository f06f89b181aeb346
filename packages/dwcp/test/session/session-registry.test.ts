import { describe, expect, test } from "@jest/globals";
import { formatHex } from "@proj/wire-types";
import { resolveDwcpLimits } from "#src/limits.js";
import { nodeDigests } from "#src/io/node-digests.js";
import { Session } from "#src/session/session.js";
import { DEFAULT_TUNING } from "#src/session/session-options.js";
import { SessionRegistry } from "#src/session/session-registry.js";
import { attachToken } from "#src/session/session-secrets.js";
import type { AttachMessage } from "#src/wire/session-messages.js";
import { crc32 } from "#src/wire/crc32.js";
import { codeOf } from "../support/failure.js";
import { capabilities } from "./world.js";

function sessionOf(peerNodeId: string, id: number): Session {
  const identity = {
    id: new Uint8Array(16).fill(id),
    epoch: new Uint8Array(16),
    key: new Uint8Array(32),
    peerNodeId,
    ttlMs: 120_000,
    capabilities,
  };
  const limits = resolveDwcpLimits();
  const options = { role: "responder", identity, tuning: DEFAULT_TUNING, limits, crc32 } as const;
  return new Session(0, { ...options, chance: 0 });
}

/** What a connection says that joins a session of {@link sessionOf} as stream `index`. */
function attachTo({ options: { identity } }: Session, streamIndex: number): AttachMessage {
  const nonce = new Uint8Array(32).fill(streamIndex);
  const token = attachToken(nodeDigests, identity.key, identity, streamIndex, nonce);
  const [sessionId, ...rest] = [identity.id, nonce, token].map(formatHex);
  const [hexNonce = "", hexToken = ""] = rest;
  return {
    kind: "ATTACH",
    sessionId: sessionId ?? "",
    streamIndex,
    nonce: hexNonce,
    token: hexToken,
  };
}

test("B13: what is beyond a session's share of the process is refused as STREAM_LIMIT", () => {
  let admitted = 1;
  const registry = new SessionRegistry(
    nodeDigests,
    { maxSessions: 4, maxSessionsPerPeer: 2 },
    () => admitted-- > 0,
  );
  const session = sessionOf("a", 1);
  registry.add(session);
  session.streamAttached(0, 0);
  expect(registry.attach(attachTo(session, 1))).toBe(session);
  expect(codeOf(() => registry.attach(attachTo(session, 2)))).toBe("dwcp.stream_limit");
});

describe("B3: too many sessions", () => {
  const registry = (): SessionRegistry =>
    new SessionRegistry(nodeDigests, { maxSessions: 4, maxSessionsPerPeer: 2 });

  test("of one peer: its oldest without streams makes room", () => {
    const sessions = registry();
    const [first, second, third] = [sessionOf("a", 1), sessionOf("a", 2), sessionOf("a", 3)];
    expect(sessions.add(first)).toBeUndefined();
    expect(sessions.add(second)).toBeUndefined();
    first.streamAttached(0, 0);
    expect(sessions.add(third)).toBe(second);
    expect(sessions.sessions).toEqual([first, third]);
  });

  test("of one peer, all with streams, or of others: a further one is refused", () => {
    const sessions = registry();
    for (const id of [1, 2]) {
      const session = sessionOf("a", id);
      sessions.add(session);
      session.streamAttached(0, 0);
    }
    expect(() => sessions.add(sessionOf("a", 3))).toThrow("2 sessions of a, 2 in all");
    sessions.add(sessionOf("b", 4));
    sessions.add(sessionOf("b", 5));
    expect(() => sessions.add(sessionOf("c", 6))).toThrow("0 sessions of c, 4 in all");
  });
});
