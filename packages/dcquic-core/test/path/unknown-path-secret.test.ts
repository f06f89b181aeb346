import { expect, test } from "@jest/globals";
import type { EstablishedPath, PathEntry } from "@proj/dcquic-core";
import { nodeCrypto } from "#src/io/node-crypto.js";
import { UnknownSecretAnswers, UnknownSecretWatch } from "#src/path/unknown-path-secret.js";
import { helloOf } from "../support/hello.js";

const SECOND = 1_000_000;
const token = new Uint8Array(16).fill(5);

function entry(epoch: number, answer?: "known" | "unknown"): PathEntry {
  const credentialId = new Uint8Array(16).fill(1);
  const answers = answer === undefined ? [] : [{ credentialId, known: answer === "known" }];
  const path: EstablishedPath = {
    role: "dialer",
    pathSecret: new Uint8Array(32),
    credentialId,
    aead: "aes-256-gcm",
    peer: helloOf(epoch, { answers }),
    peerResetToken: token,
  };
  const times = { createdUs: 0, usedUs: 0, liveTransfers: 0, retiredAtUs: undefined };
  return { path, identity: "peer", ...times };
}

test("§7.4: answers are smaller than questions, rare per source and in total", () => {
  const answers = new UnknownSecretAnswers();
  expect(answers.allow(0, "a", 36)).toBe(false);
  expect(answers.allow(0, "a", 56)).toBe(true);
  expect(answers.allow(99_999, "a", 56)).toBe(false);
  expect(answers.allow(100_000, "a", 56)).toBe(true);
  const many = Array.from({ length: 2000 }, (_, i) => answers.allow(2 * SECOND, `s${i}`, 56));
  expect(many.filter(Boolean)).toHaveLength(1000);
});

test("§7.4: a token starts one handshake in 10 s and resets nothing", () => {
  const watch = new UnknownSecretWatch(nodeCrypto);
  const before = entry(1);
  expect(watch.judge(20 * SECOND, before, new Uint8Array(16))).toBe("forged");
  expect(watch.judge(9 * SECOND, before, token)).toBe("tooSoon");
  expect(watch.judge(20 * SECOND, before, token)).toBe("askPeer");
  expect(watch.judge(29 * SECOND, before, token)).toBe("tooSoon");
  expect(watch.judge(30 * SECOND, before, token)).toBe("askPeer");
});

test("§7.4: only 'unknown' from a peer that started anew loses the state", () => {
  const watch = new UnknownSecretWatch(nodeCrypto);
  const before = entry(1);
  expect(watch.isStateLost(before, entry(2, "unknown"))).toBe(true);
  expect(watch.isStateLost(before, entry(2, "known"))).toBe(false);
  expect(watch.isStateLost(before, entry(1, "unknown"))).toBe(false);
  expect(watch.isStateLost(before, entry(2))).toBe(false);
  expect(watch.isStateLost(before, { ...entry(2, "unknown"), identity: "other" })).toBe(false);
});
