import { describe, expect, test } from "@jest/globals";
import { type KeyedSecretControl, sealSecretControl } from "#src/crypto/secret-control-seal.js";
import { nodeCrypto } from "#src/io/node-crypto.js";
import { FrameType } from "#src/wire/constants.js";
import { encodeSecretControl } from "#src/wire/secret-control.js";
import { encodeProbe } from "#src/wire/path-frames.js";
import { id64 } from "@proj/dcquic-core";
import { RawPeer } from "../support/raw-peer.js";

type Kind = KeyedSecretControl["kind"];

function packetOf(peer: RawPeer, kind: Kind, value: number, direction = 0): KeyedSecretControl {
  const common = { credentialId: peer.credentialId, direction, worker: 0 };
  switch (kind) {
    case "staleKey":
      return { kind, ...common, minKeyId: value };
    case "replayDetected":
      return { kind, ...common, keyId: value, packetNumber: value };
    case "retireControlKey":
      return { kind, ...common, keyId: value };
    case "retireDataKey":
      return { kind, ...common, keyHash: new Uint8Array(16).fill(value) };
  }
}

function sealed(peer: RawPeer, packet: KeyedSecretControl): Uint8Array {
  return sealSecretControl(nodeCrypto, peer.macKey, packet);
}

// The key id of what the engine sends next, from the clear header.
function nextKeyId(peer: RawPeer): number {
  peer.send((writer) => {
    writer.u8(FrameType.Probe);
    encodeProbe(writer, { probeId: id64(0, 1), flags: 0 });
  });
  const [first] = peer.transmit();
  if (first === undefined) throw new Error("nothing was sent");
  return new DataView(first.buffer, first.byteOffset).getUint32(4, true);
}

const kinds = ["staleKey", "replayDetected", "retireControlKey", "retireDataKey"] as const;

describe("§7.4, §17.6: secret-control packets", () => {
  test.each(kinds)("a forged %s changes nothing, whichever byte is wrong", (kind) => {
    const peer = new RawPeer();
    const genuine = sealed(peer, packetOf(peer, kind, 5));
    for (const at of [4, 30, genuine.length - 1]) {
      const forged = new Uint8Array(genuine);
      forged[at] = (forged[at] ?? 0) ^ 1;
      peer.deliver(forged);
    }
    expect(new Set(peer.notes)).toEqual(new Set(["openFailed"]));
    expect(nextKeyId(peer)).toBe(0);
    expect(peer.of("pathFailed")).toEqual([]);
  });

  test("a genuine STALE_KEY raises the key, and its replays lower nothing", () => {
    const peer = new RawPeer();
    const low = sealed(peer, packetOf(peer, "staleKey", 2));
    peer.deliver(low);
    expect(nextKeyId(peer)).toBe(2);
    peer.deliver(sealed(peer, packetOf(peer, "staleKey", 6)));
    peer.deliver(low);
    expect(nextKeyId(peer)).toBe(6);
  });

  test("a jump that no honest peer asks for is ignored and noted", () => {
    const peer = new RawPeer();
    peer.deliver(sealed(peer, packetOf(peer, "staleKey", 2 ** 20 + 1)));
    expect(peer.notes).toEqual(["staleKeyJump"]);
    expect(nextKeyId(peer)).toBe(0);
  });

  test.each(kinds)("a reflected %s is not its own sender's", (kind) => {
    const peer = new RawPeer();
    // As the engine itself would send it, and with the tag it would have: the direction gives it away.
    peer.deliver(sealed(peer, packetOf(peer, kind, 3, 1)));
    expect(nextKeyId(peer)).toBe(0);
    expect(peer.notes).toEqual([]);
  });

  test("REPLAY_DETECTED never changes state, however often it comes", () => {
    const peer = new RawPeer();
    for (let i = 0; i < 50; i++) peer.deliver(sealed(peer, packetOf(peer, "replayDetected", i)));
    expect(nextKeyId(peer)).toBe(0);
    expect(peer.of("pathFailed")).toEqual([]);
  });

  test("RETIRE_CONTROL_KEY leaves the current key", () => {
    const peer = new RawPeer();
    peer.deliver(sealed(peer, packetOf(peer, "retireControlKey", 1000)));
    expect(nextKeyId(peer)).toBe(0);
  });

  test("a replayed UNKNOWN_PATH_SECRET fails nothing by itself", () => {
    const peer = new RawPeer();
    const token = new Uint8Array(16).fill(9);
    const { credentialId } = peer;
    const datagram = encodeSecretControl({ kind: "unknownPathSecret", credentialId, token });
    for (let i = 0; i < 10; i++) peer.deliver(datagram);
    expect(peer.of("unknownPathSecret")).toHaveLength(10);
    expect(peer.of("pathFailed")).toEqual([]);
    expect(nextKeyId(peer)).toBe(0);
  });

  test("packets that come twice are told to their sender, ten times a second at most", () => {
    const peer = new RawPeer();
    const probe = peer.seal((writer) => {
      writer.u8(FrameType.Probe);
      encodeProbe(writer, { probeId: id64(0, 1), flags: 0 });
    });
    for (let i = 0; i < 100; i++) peer.deliver(probe);
    const told = peer.transmit().filter((datagram) => datagram[1] === 0x12);
    expect(told).toHaveLength(1);
  });
});
