import { concatBytes } from "@proj/wire-types";
import type { ByteStreamPair } from "../web-transport/byte-stream-transport.js";
import type { WebTransportClose, WebTransportEnd } from "../web-transport/web-transport-like.js";
import { BlockReader, encodeBlock } from "./block-reader.js";
import { Http3Error } from "./http3-error.js";
import { CapsuleType, FrameType, WEBTRANSPORT_STREAM } from "./http3-settings.js";
import type { QuicConnection } from "./quic-connection.js";
import { encodeVarints } from "./quic-varint.js";

/** The longest capsule that is kept: a code and the 1024 bytes that a reason may have. */
const MAX_CAPSULE_BYTES = 4 + 1024;

/** The stream of the CONNECT request that a WebTransport lives by. */
export interface ConnectStream {
  readonly id: number;
  /** Payloads of DATA frames. */
  readonly data: AsyncIterable<Uint8Array>;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
}

/**
 * A WebTransport session of HTTP/3, in the shape of the W3C interface. It ends with its CONNECT stream, with a close
 * capsule of either end, or with the connection. draft-ietf-webtrans-http3
 */
export class WebTransportOverHttp3 implements WebTransportEnd {
  readonly ready: Promise<void> = Promise.resolve();
  /** Resolves when the session is over: with what the end that closed it said. */
  readonly closed: Promise<WebTransportClose>;
  readonly incomingBidirectionalStreams: ReadableStream<ByteStreamPair>;
  readonly #connection: QuicConnection;
  readonly #connect: ConnectStream;
  #incoming: ReadableStreamDefaultController<ByteStreamPair> | undefined;
  #settle: (info: WebTransportClose) => void = () => undefined;
  #over = false;

  /** The request has been answered with 200. */
  constructor(connection: QuicConnection, connect: ConnectStream) {
    this.#connection = connection;
    this.#connect = connect;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.incomingBidirectionalStreams = new ReadableStream({
      start: (controller) => {
        this.#incoming = controller;
      },
    });
    void this.#readCapsules();
    void connection.closed.then(({ message }) => this.#end({ closeCode: 0, reason: message }));
  }

  /** Opens a stream; its first bytes name the session. */
  async createBidirectionalStream(): Promise<ByteStreamPair> {
    const stream = this.#over ? undefined : this.#connection.openStream("bidirectional");
    if (stream?.readable === undefined || stream.writable === undefined) {
      throw new Error("The WebTransport is closed, or the peer takes no further stream.");
    }
    const { readable, writable } = stream;
    const writer = writable.getWriter();
    await writer.write(encodeVarints(WEBTRANSPORT_STREAM, this.#connect.id));
    writer.releaseLock();
    return { readable, writable };
  }

  /** Takes a stream that the peer opened for this session. */
  take(stream: ByteStreamPair): void {
    if (!this.#over) this.#incoming?.enqueue(stream);
  }

  /** Tells the peer why, and ends the session. What streams still hold may be lost. */
  close(info: { closeCode?: number; reason?: string } = {}): void {
    if (this.#over) return;
    const { closeCode = 0, reason = "" } = info;
    const code = new Uint8Array(4);
    new DataView(code.buffer).setUint32(0, closeCode);
    const value = concatBytes([code, new TextEncoder().encode(reason).subarray(0, 1024)]);
    const capsule = encodeBlock(CapsuleType.CLOSE_WEBTRANSPORT_SESSION, value);
    const { writer } = this.#connect;
    writer.write(encodeBlock(FrameType.DATA, capsule)).catch(() => undefined);
    this.#end({ closeCode, reason });
  }

  async #readCapsules(): Promise<void> {
    const wanted = [CapsuleType.CLOSE_WEBTRANSPORT_SESSION];
    const reader = new BlockReader(wanted, MAX_CAPSULE_BYTES);
    try {
      for await (const data of this.#connect.data) {
        for (const { payload } of reader.push(data)) {
          this.#end(closeInfo(payload));
          return;
        }
      }
      this.#end({ closeCode: 0, reason: "" });
    } catch (error) {
      this.#end({ closeCode: 0, reason: String(error) });
    }
  }

  #end(info: WebTransportClose): void {
    if (this.#over) return;
    this.#over = true;
    this.#connect.writer.close().catch(() => undefined);
    this.#incoming?.close();
    this.#settle(info);
  }
}

function closeInfo(payload: Uint8Array): WebTransportClose {
  if (payload.length < 4) throw new Http3Error("MESSAGE_ERROR", "a close capsule without a code");
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  return {
    closeCode: view.getUint32(0),
    reason: new TextDecoder().decode(payload.subarray(4)),
  };
}
