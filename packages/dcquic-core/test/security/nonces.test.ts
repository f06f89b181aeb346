import { expect, test } from "@jest/globals";
import { type Udp, UDP_ROW, type UdpSlab, type UdpSocket, UdpTx } from "@proj/native-io";
import { formatHex, SeededRandom, uniform } from "@proj/wire-types";
import fc from "fast-check";
import { NativeWire } from "#src/io/native/native-wire.js";
import { PacketType } from "#src/wire/constants.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { probeFrame, pullFrame } from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";

const ROWS = 1024;

function slabOf(bytes: number): UdpSlab {
  return { bytes: new Uint8Array(bytes), meta: new Int32Array(ROWS * UDP_ROW) };
}

/** A socket of a kernel that is full whenever it likes, and leaves messages for later. */
function reluctant(seed: number): { readonly udp: Pick<Udp, "open">; readonly left: Uint8Array[] } {
  const random = new SeededRandom(seed);
  const left: Uint8Array[] = [];
  const socket: Partial<UdpSocket> = {
    ports: [{ host: "127.0.0.1", port: 4000 }],
    rx: slabOf(65_536),
    tx: slabOf(256 * 8900),
    errors: slabOf(0),
    transmit(messages) {
      const { bytes, meta } = socket.tx ?? slabOf(0);
      const done = Math.floor(uniform(random) * (messages + 1));
      for (let row = 0; row < done * UDP_ROW; row += UDP_ROW) {
        const start = meta[row + UdpTx.offset] ?? 0;
        const end = start + (meta[row + UdpTx.length] ?? 0);
        const segment = meta[row + UdpTx.segment] || end - start;
        for (let at = start; at < end; at += segment) {
          left.push(bytes.slice(at, Math.min(end, at + segment)));
        }
      }
      return done;
    },
  };
  return { udp: { open: () => Promise.resolve(socket as UdpSocket) }, left };
}

/** What a nonce is made of, beside the key of the path: key id and packet number. */
function nonceOf(datagram: Uint8Array): string {
  return `${formatHex(datagram.subarray(3, 8))} ${formatHex(datagram.subarray(24, 32))}`;
}

test("§7.3, §22: however often a socket refuses, no packet number seals twice and nothing leaves twice", async () => {
  const cases = fc.asyncProperty(fc.nat(1e6), async (seed) => {
    const { udp, left } = reluctant(seed);
    const peer = new RawPeer({ rotation: { packets: 5, bytes: 1e9 } });
    const wire = await NativeWire.open(udp as Udp, {
      ports: [{ host: "127.0.0.1", port: 4000 }],
      flowBytesPerSecond: 1e9,
    });
    const options = { shape: 0x30, priority: 0, messageSeq: 0, payload: new Uint8Array(9000) };
    const result = peer.engine.announce(peer.nowUs, peer.path, options);
    if (result.kind !== "announced") throw new Error(result.kind);
    for (let turn = 0; turn < 60; turn++) {
      const ranges = [[150 * turn, 150 * turn + 150]] as const;
      peer.send(
        turn % 3 === 0 ? probeFrame() : pullFrame(result.transfer, result.transfer, ranges),
      );
      const nowUs = peer.nowUs + 1000 * turn;
      peer.engine.tick(nowUs);
      wire.transmit(nowUs, peer.engine, () => {});
    }
    const packets = left.filter((datagram) => (datagram[1] ?? 0) <= PacketType.Data);
    expect(packets.length).toBeGreaterThan(10);
    expect(new Set(packets.map(nonceOf)).size).toBe(packets.length);
    // Everything that left opens, which a packet whose bytes changed while it waited would not.
    expect(() => peer.read(packets)).not.toThrow();
  });
  await fc.assert(cases, fuzzRuns(20));
});
