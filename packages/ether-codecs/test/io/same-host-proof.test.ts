import { createHash, createHmac } from "node:crypto";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { SameHostProof, type ShmProbeObject } from "@proj/ether-codecs/node";
import { SeededRandom } from "@proj/wire-types";
import { shmFolder } from "./shm-folder.js";

const here = shmFolder();
const elsewhere = shmFolder();
const initiator = new SameHostProof(here.shm, new SeededRandom(1));
const responder = new SameHostProof(here.shm, new SeededRandom(2));
const stranger = new SameHostProof(elsewhere.shm, new SeededRandom(3));
const nonce = new Uint8Array(16).fill(5);

function probe(): ShmProbeObject {
  const made = initiator.createProbe();
  if (made === undefined) throw new Error("no probe");
  return made;
}

function onlyObject(): string {
  const [object = ""] = readdirSync(here.folder);
  return join(here.folder, object);
}

describe("§16.2: same-host proof", () => {
  test.each([[nonce], [undefined]])("a peer that sees the object proves it (nonce %p)", (given) => {
    const made = probe();
    const content = readFileSync(onlyObject());
    expect(content.length).toBe(64);
    expect(Buffer.from(made.sha256)).toEqual(createHash("sha256").update(content).digest());
    const proof = responder.prove(made, given) ?? new Uint8Array(0);
    const mac = createHmac("sha256", content).update("xcp shm");
    expect(Buffer.from(proof)).toEqual((given === undefined ? mac : mac.update(given)).digest());
    expect(made.verify(proof, given)).toBe(true);
    made.dispose();
    made.dispose();
    expect(readdirSync(here.folder)).toEqual([]);
  });

  test("another host cannot, and that is no error", () => {
    const made = probe();
    expect(stranger.prove(made, nonce)).toBeUndefined();
    made.dispose();
  });

  test("neither a wrong proof, nor one for another nonce, nor a short one counts", () => {
    const made = probe();
    const proof = responder.prove(made, nonce) ?? new Uint8Array(0);
    expect(made.verify(proof, undefined)).toBe(false);
    expect(
      made.verify(
        proof.map((byte) => byte ^ 1),
        nonce,
      ),
    ).toBe(false);
    expect(made.verify(proof.subarray(1), nonce)).toBe(false);
    expect(made.verify(new Uint8Array(0), nonce)).toBe(false);
    made.dispose();
  });

  test("an object that is missing, other, short or writable by others is not answered", () => {
    const made = probe();
    const path = onlyObject();
    const other = { ...made, sha256: new Uint8Array(32) };
    expect(responder.prove(other, nonce)).toBeUndefined();
    expect(responder.prove({ ...made, uri: "file:///etc/passwd" }, nonce)).toBeUndefined();
    chmodSync(path, 0o666);
    expect(responder.prove(made, nonce)).toBeUndefined();
    chmodSync(path, 0o600);
    writeFileSync(path, "short");
    expect(responder.prove(made, nonce)).toBeUndefined();
    made.dispose();
    expect(responder.prove(made, nonce)).toBeUndefined();
  });
});
