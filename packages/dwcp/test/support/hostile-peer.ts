import {
  type Capabilities,
  type Chunk,
  type ControlMessage,
  crc32,
  decodeAck,
  decodeControlMessage,
  encodeChunk,
  encodeControlMessage,
  encodeFrame,
  encodePreface,
  frameNameOf,
  FrameReader,
  FrameType,
  frameTypeOf,
  MAX_FRAME_BYTES,
  PREFACE_BYTES,
  resolveDwcpLimits,
} from "@proj/dwcp";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { everyMessage } from "./messages.js";

const limits = resolveDwcpLimits();

/** A peer that passes the handshake, without security, and then sends whatever it is told to. */
export class HostilePeer {
  readonly heard: ControlMessage[] = [];
  readonly #socket: Socket;
  readonly #reader = new FrameReader(MAX_FRAME_BYTES, crc32);
  #skip = PREFACE_BYTES;
  #isGone = false;
  #arrivedBytes = 0;
  readonly #waiting: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#isGone = true;
      this.#wake();
    });
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
  }

  /** Connects and says hello. */
  static async open(port: number): Promise<HostilePeer> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    const peer = new HostilePeer(socket);
    peer.raw(encodePreface());
    peer.say(hello());
    await peer.until("WELCOME");
    return peer;
  }

  /** Whether the node has hung up. */
  get isGone(): boolean {
    return this.#isGone;
  }

  raw(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  frame(type: number, handle: number, payload: Uint8Array): void {
    this.raw(encodeFrame({ type, flags: 0, handle, payload }, crc32));
  }

  say(message: ControlMessage, handle = 0): void {
    this.frame(frameTypeOf(message), handle, encodeControlMessage(message, limits, crc32));
  }

  chunk(handle: number, chunk: Partial<Omit<Chunk, "codec">> & { codec?: number }): void {
    const whole = {
      unitId: 0,
      rawOffset: 0,
      rawBytes: 4_096,
      rawCrc: 0,
      codec: 0,
      codecFlags: 0,
      baselineSlot: 0xffff,
      dictionarySlot: 0,
      sentUs: 0,
      encoded: new Uint8Array(4_096),
      ...chunk,
    };
    // Codecs that there are not, too.
    this.frame(FrameType.CHUNK, handle, encodeChunk(whole as Chunk, crc32));
  }

  /** Offers an object and waits for the answer. */
  async offer(more: Partial<ControlMessage & { kind: "OFFER" }>): Promise<ControlMessage> {
    const offer = everyMessage.find((message) => message.kind === "OFFER");
    if (offer?.kind !== "OFFER") throw new Error("there is one");
    this.say({ ...offer, baselines: [], dictionaries: [], rawLength: 8_192, ...more });
    return await this.until("ACCEPT", "REJECT");
  }

  /** Waits until the node says one of these; takes it off. */
  async until(...kinds: ControlMessage["kind"][]): Promise<ControlMessage> {
    for (;;) {
      const at = this.heard.findIndex(({ kind }) => kinds.includes(kind));
      const [found] = at < 0 ? [] : this.heard.splice(at, 1);
      if (found !== undefined) return found;
      if (this.#isGone) throw new Error(`the node hung up before ${kinds.join(", ")}`);
      await this.#news();
    }
  }

  /** Waits until the node has acknowledged so many raw bytes of a transfer. */
  async arrived(rawBytes: number): Promise<void> {
    while (this.#arrivedBytes < rawBytes && !this.#isGone) await this.#news();
  }

  /** Waits until the node hangs up. */
  async gone(): Promise<void> {
    while (!this.#isGone) await this.#news();
  }

  close(): void {
    this.#socket.destroy();
  }

  // Several may wait at the same time.
  #news(): Promise<void> {
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const each of this.#waiting.splice(0)) each();
  }

  #take(bytes: Buffer): void {
    const skipped = Math.min(this.#skip, bytes.length);
    this.#skip -= skipped;
    for (const frame of this.#reader.push(bytes.subarray(skipped))) {
      const name = frameNameOf(frame.type);
      if (name === undefined || name === "CHUNK") continue;
      if (name === "ACK") {
        this.#arrivedBytes = decodeAck(frame.payload).rawTotal;
        continue;
      }
      this.heard.push(decodeControlMessage(frame.type, frame.payload, limits, crc32));
    }
    this.#wake();
  }
}

function hello(): ControlMessage {
  const found = everyMessage.find((message) => message.kind === "HELLO");
  if (found?.kind !== "HELLO") throw new Error("there is one");
  const capabilities: Capabilities = { ...found.capabilities, auth: ["none"] };
  const { sessionId: _, ...rest } = found;
  return { ...rest, nodeId: "hostile", capabilities };
}
