import { describe, expect, test } from "@jest/globals";
import { type Id64, id64, Protection } from "@proj/dcquic-core";
import { SeededRandom } from "@proj/wire-types";
import { sealRecords, wireBytesOf } from "#src/crypto/records.js";
import { nodeCrypto } from "#src/io/node-crypto.js";
import { chunk, encodeChunkHeader } from "#src/wire/chunk.js";
import { ChunkFlag, FrameType, NotifyFlag } from "#src/wire/constants.js";
import { encodeNotifyEntry, notifyEntry } from "#src/wire/notify-entry.js";
import { encodePullRequest, pullRequest } from "#src/wire/transfer-frames.js";
import { RawPeer } from "../support/raw-peer.js";

const RECORD_LOG2 = 14;
const key = new SeededRandom(3).fill(new Uint8Array(32));
const plain = new SeededRandom(4).fill(new Uint8Array(40_000));

/** A message as the announcer sealed it. */
function sealedMessage(messageNumber: number) {
  const layout = { recordLog2: RECORD_LOG2, totalBytes: plain.length, messageNumber };
  const wire = new Uint8Array(wireBytesOf(layout));
  const binding = sealRecords(nodeCrypto, nodeCrypto.aead(key), layout, plain, wire);
  return { wire, binding };
}

/** Announces a sealed message, and has the engine pull it. */
function announced(binding: Uint8Array, peer = new RawPeer()): { peer: RawPeer; offer: Id64 } {
  peer.send((writer) => {
    writer.u8(FrameType.TransferNotify);
    writer.u8(1);
    const entry = notifyEntry();
    entry.binding.set(binding);
    entry.dataKey.set(key);
    encodeNotifyEntry(writer, {
      ...entry,
      shape: 0x30,
      flags: NotifyFlag.DataKey,
      protection: 1,
      recordLog2: RECORD_LOG2,
      transferId: id64(1, 7),
      bufferId: id64(1, 9),
      totalBytes: plain.length,
      wireBytes: plain.length + 48,
    });
  });
  const offer = peer.of("transferOffered").at(-1)?.transfer ?? id64();
  peer.engine.accept(peer.nowUs, offer);
  peer.transmit();
  return { peer, offer };
}

/** Sends bytes as DATA of the first pull, protected in that way. */
function deliver(peer: RawPeer, offer: Id64, wire: Uint8Array, protection: number): void {
  for (let at = 0; at < wire.length; at += 1000) {
    const part = wire.subarray(at, at + 1000);
    const isLast = at + 1000 >= wire.length;
    const fields = { type: 2, protection };
    const datagram = peer.seal((writer) => {
      encodeChunkHeader(writer, {
        ...chunk(),
        pullerId: offer,
        wireOffset: at,
        length: part.length,
        flags: isLast ? ChunkFlag.LastOfPull : 0,
      });
      writer.copy(part);
    }, fields);
    peer.deliver(datagram);
  }
}

describe("§8.2: records", () => {
  test("as they were sealed they are delivered", () => {
    const { wire, binding } = sealedMessage(0);
    const { peer, offer } = announced(binding);
    deliver(peer, offer, wire, Protection.Record);
    expect(peer.of("transferDelivered")[0]?.bytes).toEqual(plain);
  });

  test("spliced in from another message, exchanged or cut short they are not", () => {
    const size = 2 ** RECORD_LOG2 + 16;
    const { wire, binding } = sealedMessage(0);
    const foreign = sealedMessage(1).wire;
    const spliced = new Uint8Array(wire);
    spliced.set(foreign.subarray(size, 2 * size), size);
    const exchanged = new Uint8Array(wire);
    exchanged.set(wire.subarray(0, size), size);
    exchanged.set(wire.subarray(size, 2 * size), 0);
    const final = new Uint8Array(wire);
    final.set(wire.subarray(0, wire.length - 2 * size), 2 * size);
    for (const hostile of [spliced, exchanged, final]) {
      const { peer, offer } = announced(binding);
      deliver(peer, offer, hostile, Protection.Record);
      expect(peer.of("transferDelivered")).toEqual([]);
      expect(peer.notes).toContain("integrityFailed");
    }
  });

  test("§8.5: what another recipient forges under the shared data key does not have the binding", () => {
    const { binding } = sealedMessage(0);
    const layout = { recordLog2: RECORD_LOG2, totalBytes: plain.length, messageNumber: 0 };
    const forged = new Uint8Array(wireBytesOf(layout));
    const lie = new Uint8Array(plain.length).fill(1);
    sealRecords(nodeCrypto, nodeCrypto.aead(key), layout, lie, forged);
    const { peer, offer } = announced(binding);
    deliver(peer, offer, forged, Protection.Record);
    expect(peer.of("transferDelivered")).toEqual([]);
    expect(peer.notes).toContain("integrityFailed");
  });

  test("an announcement whose sizes contradict each other is refused before memory is taken", () => {
    const { wire, binding } = sealedMessage(0);
    const peer = new RawPeer();
    peer.send((writer) => {
      writer.u8(FrameType.TransferNotify);
      writer.u8(1);
      const entry = notifyEntry();
      entry.binding.set(binding);
      encodeNotifyEntry(writer, {
        ...entry,
        shape: 0x30,
        flags: NotifyFlag.DataKey,
        protection: 1,
        recordLog2: RECORD_LOG2,
        transferId: id64(1, 7),
        totalBytes: 100,
        wireBytes: wire.length,
      });
    });
    peer.engine.accept(peer.nowUs, peer.of("transferOffered")[0]?.transfer ?? id64());
    peer.gather();
    expect(peer.of("transferFailed")).toMatchObject([{ status: 10 }]);
  });
});

describe("§8.1: headers mode", () => {
  const headers = { dataAuth: "headers" } as const;

  test("is refused where it was not agreed on", () => {
    const { wire, binding } = sealedMessage(0);
    const { peer, offer } = announced(binding);
    deliver(peer, offer, wire, Protection.Headers);
    expect(peer.of("transferDelivered")).toEqual([]);
    expect(peer.notes).toContain("protocolViolation");
  });

  test("carries records, of which a bad one is pulled again and three end the transfer", () => {
    const { wire, binding } = sealedMessage(0);
    const peer = new RawPeer(headers, { dataAuth: [0, 1] });
    const { offer } = announced(binding, peer);
    const damaged = new Uint8Array(wire);
    damaged[20_000] = (damaged[20_000] ?? 0) ^ 1;
    deliver(peer, offer, damaged, Protection.Headers);
    expect(peer.of("transferDelivered")).toEqual([]);
    deliver(peer, offer, wire, Protection.Headers);
    expect(peer.of("transferDelivered")[0]?.bytes).toEqual(plain);
    const other = new RawPeer(headers, { dataAuth: [0, 1] });
    const second = announced(binding, other);
    for (let i = 0; i < 3; i++) deliver(other, second.offer, damaged, Protection.Headers);
    expect(other.of("transferFailed")).toMatchObject([{ status: 10 }]);
  });

  test("never carries plain payload, whose bytes nothing would authenticate", () => {
    const peer = new RawPeer(headers, { dataAuth: [0, 1] });
    peer.send((writer) => {
      writer.u8(FrameType.TransferNotify);
      writer.u8(1);
      const entry = { ...notifyEntry(), shape: 0x30, transferId: id64(1, 7) };
      encodeNotifyEntry(writer, { ...entry, totalBytes: 500, wireBytes: 500 });
    });
    const offer = peer.of("transferOffered")[0]?.transfer ?? id64();
    peer.engine.accept(peer.nowUs, offer);
    peer.transmit();
    deliver(peer, offer, new Uint8Array(500), Protection.Headers);
    expect(peer.of("transferDelivered")).toEqual([]);
    expect(peer.notes).toContain("protocolViolation");
  });

  test("is used for one recipient and never for a broadcast", () => {
    const modes = (recipients: number): Set<number> => {
      const peer = new RawPeer(headers, { dataAuth: [0, 1] });
      const { wire, binding } = sealedMessage(0);
      const buffer = peer.buffers.allocate(wire.length, 0);
      if (buffer === undefined) throw new Error("no memory");
      peer.buffers.write(buffer, 0, wire);
      const sealing = { protection: 1, recordLog2: RECORD_LOG2, totalBytes: plain.length };
      peer.buffers.fill(buffer, { ...sealing, binding, dataKey: key, messageNumber: 0 });
      const options = { shape: 0x30, priority: 0, messageSeq: 0, payload: buffer };
      const ids = Array.from({ length: recipients }, () => {
        const result = peer.engine.announce(peer.nowUs, peer.path, options);
        if (result.kind !== "announced") throw new Error(result.kind);
        return result.transfer;
      });
      peer.transmit();
      peer.send((writer) => {
        const frame = pullRequest();
        frame.ranges.add(0, 10_000);
        writer.u8(FrameType.PullRequest);
        const [announcerId = id64()] = ids;
        encodePullRequest(writer, {
          ...frame,
          announcerId,
          bufferId: buffer.id,
          pullerId: id64(1, 1),
        });
      });
      const data = peer.transmit().filter((datagram) => datagram[1] === 2);
      return new Set(data.map((datagram) => ((datagram[2] ?? 0) >> 1) & 3));
    };
    expect(modes(1)).toEqual(new Set([Protection.Headers]));
    expect(modes(2)).toEqual(new Set([Protection.Record]));
  });
});
