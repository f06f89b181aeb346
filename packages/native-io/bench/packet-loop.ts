import {
  Aead,
  AEAD_ROW,
  AEAD_TAG_BYTES,
  type AeadBatch,
  type BatchCrypto,
  type KeyRing,
  type Udp,
  UDP_ROW,
  UdpRx,
  type UdpSocket,
  UdpTx,
} from "@proj/native-io";

/** Datagrams of one message, as many as the kernel splits. */
export const SEGMENTS = 46;
/** Bytes of one datagram. */
export const PACKET_BYTES = 1400;
/** Bytes of its header. */
export const HEADER_BYTES = 40;

const MESSAGES = 4;
const PACKETS = MESSAGES * SEGMENTS;
const MESSAGE_BYTES = SEGMENTS * PACKET_BYTES;
const PAYLOAD_BYTES = PACKET_BYTES - HEADER_BYTES - AEAD_TAG_BYTES;

/** Both ends of a flow on one thread, as the engine of a protocol would drive them. */
export class PacketLoop {
  readonly #from: UdpSocket;
  readonly #to: UdpSocket;
  readonly #outgoing: DataView;
  readonly #incoming: DataView;
  readonly #ring: KeyRing | undefined;
  readonly #sealing: AeadBatch;
  readonly #opening: AeadBatch;
  #number = 0;
  #seen = 0;

  private constructor(from: UdpSocket, to: UdpSocket, ring: KeyRing | undefined) {
    this.#from = from;
    this.#to = to;
    this.#ring = ring;
    this.#outgoing = new DataView(from.tx.bytes.buffer);
    this.#incoming = new DataView(to.rx.bytes.buffer);
    const rows = () => new Int32Array(PACKETS * AEAD_ROW);
    const plain = () => new Uint8Array(PACKETS * PAYLOAD_BYTES);
    this.#sealing = { wire: from.tx.bytes, plain: plain(), meta: rows() };
    this.#opening = { wire: to.rx.bytes, plain: plain(), meta: rows() };
    const [address] = to.ports;
    const index = address === undefined ? -1 : from.pin(address);
    for (let message = 0; message < MESSAGES; message++) {
      const row = message * UDP_ROW;
      from.tx.meta[row + UdpTx.offset] = message * MESSAGE_BYTES;
      from.tx.meta[row + UdpTx.length] = MESSAGE_BYTES;
      from.tx.meta[row + UdpTx.segment] = PACKET_BYTES;
      from.tx.meta[row + UdpTx.destination] = index;
    }
  }

  /** Opens the sockets; with `crypto` every packet is sealed and opened. */
  static async open(
    udp: Udp,
    crypto?: { readonly by: BatchCrypto; readonly engine: "fastest" | "openssl" },
  ): Promise<PacketLoop> {
    const ports = [{ host: "127.0.0.1", port: 0 }];
    const ring = crypto?.by.createKeyRing(1, { engine: crypto.engine });
    ring?.setKey(0, "aes-256-gcm", new Uint8Array(32).fill(7), new Uint8Array(12));
    const from = await udp.open({ ports, ecn: "off" });
    return new PacketLoop(from, await udp.open({ ports, ecn: "off" }), ring);
  }

  /** Carries one batch from end to end; the packets that arrived. */
  run(): number {
    this.#writeHeaders();
    if (this.#ring !== undefined) {
      this.#describeSealing();
      if (this.#ring.seal(this.#sealing, PACKETS) !== PACKETS) throw new Error("sealing failed");
    }
    if (this.#from.transmit(MESSAGES) !== MESSAGES) throw new Error("the socket is full");
    let arrived = 0;
    while (arrived < PACKETS) {
      const rows = this.#to.receive();
      if (rows === 0) break;
      const packets = this.#readHeaders(rows);
      if (this.#ring !== undefined && this.#ring.open(this.#opening, packets) !== packets) {
        throw new Error("opening failed");
      }
      arrived += packets;
    }
    if (arrived !== PACKETS) throw new Error(`${arrived} of ${PACKETS} packets arrived`);
    return this.#seen;
  }

  /** Closes the sockets. */
  close(): void {
    this.#from.close();
    this.#to.close();
    this.#ring?.close();
  }

  #writeHeaders(): void {
    const view = this.#outgoing;
    for (let packet = 0; packet < PACKETS; packet++) {
      const at = packet * PACKET_BYTES;
      view.setUint32(at, 0x030002d2, true);
      view.setUint32(at + 4, 7, true);
      view.setUint32(at + 8, 0x5c66dee0, true);
      view.setUint32(at + 12, 0xca1914a8, true);
      view.setUint32(at + 16, 0x9b09bda7, true);
      view.setUint32(at + 20, 0xccabcc01, true);
      view.setUint32(at + 24, this.#number++, true);
      view.setUint32(at + 28, 0, true);
      view.setUint16(at + 32, PAYLOAD_BYTES, true);
      view.setUint16(at + 34, 1, true);
      view.setUint32(at + 36, 0x11223344, true);
    }
  }

  #describeSealing(): void {
    const { meta } = this.#sealing;
    for (let packet = 0; packet < PACKETS; packet++) {
      const at = packet * PACKET_BYTES;
      const row = packet * AEAD_ROW;
      meta[row + Aead.aad] = at;
      meta[row + Aead.aadLength] = HEADER_BYTES;
      meta[row + Aead.wire] = at + HEADER_BYTES;
      meta[row + Aead.plain] = packet * PAYLOAD_BYTES;
      meta[row + Aead.length] = PAYLOAD_BYTES;
      meta[row + Aead.nonce1] = this.#number - PACKETS + packet;
    }
  }

  #readHeaders(rows: number): number {
    const view = this.#incoming;
    const { meta } = this.#to.rx;
    let packets = 0;
    for (let message = 0; message < rows; message++) {
      const row = message * UDP_ROW;
      const from = meta[row + UdpRx.offset] ?? 0;
      const end = from + (meta[row + UdpRx.length] ?? 0);
      const segment = meta[row + UdpRx.segment] ?? 1;
      for (let at = from; at < end; at += segment) {
        const kind = view.getUint32(at, true);
        const key = view.getUint32(at + 4, true);
        const path = view.getUint32(at + 8, true) ^ view.getUint32(at + 12, true);
        const rest = view.getUint32(at + 16, true) ^ view.getUint32(at + 20, true);
        const number = view.getUint32(at + 24, true);
        const high = view.getUint32(at + 28, true);
        const length = view.getUint16(at + 32, true);
        const clock = view.getUint32(at + 36, true);
        if ((kind & 0xff) !== 0xd2 || high !== 0 || HEADER_BYTES + length > segment) {
          throw new Error(`a malformed header at ${at}`);
        }
        this.#seen = (this.#seen ^ key ^ path ^ rest ^ number ^ clock) | 0;
        if (this.#ring !== undefined) this.#describeOpening(packets, at, length, number);
        packets++;
      }
    }
    return packets;
  }

  #describeOpening(packet: number, at: number, length: number, number: number): void {
    const { meta } = this.#opening;
    const row = packet * AEAD_ROW;
    meta[row + Aead.aad] = at;
    meta[row + Aead.aadLength] = HEADER_BYTES;
    meta[row + Aead.wire] = at + HEADER_BYTES;
    meta[row + Aead.plain] = packet * PAYLOAD_BYTES;
    meta[row + Aead.length] = length;
    meta[row + Aead.nonce1] = number | 0;
  }
}
