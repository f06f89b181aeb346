import { concatBytes } from "@proj/wire-types";
import { BlockReader, encodeBlock } from "./block-reader.js";
import { Http3Codes, Http3Error } from "./http3-error.js";
import {
  encodeSettings,
  FrameType,
  StreamType,
  takesWebTransport,
  WEBTRANSPORT_STREAM,
} from "./http3-settings.js";
import { encodeFields, type Field } from "./qpack.js";
import type { QuicConnection, QuicStream } from "./quic-connection.js";
import { encodeVarints } from "./quic-varint.js";
import { chunks, RequestFrames } from "./request-frames.js";
import { StreamHead } from "./stream-head.js";
import { type ConnectStream, WebTransportOverHttp3 } from "./web-transport-over-http3.js";

/** What a client asks for. */
export interface WebTransportRequest {
  /** Host and port. */
  readonly authority: string;
  /** Path with its query. */
  readonly path: string;
  /** The page that asks, if a browser does. */
  readonly origin?: string | undefined;
}

/** How a server answers: `200` opens the session, anything else refuses it. */
export type Admit = (request: WebTransportRequest) => number | Promise<number>;

const MAX_SETTINGS_BYTES = 16_384;

type BidirectionalStream = QuicStream & {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
};

/**
 * One end of an HTTP/3 connection that knows WebTransport and nothing else: requests for anything else are refused. A
 * peer that breaks the protocol loses the connection, with a code that says why.
 */
export class Http3Endpoint {
  readonly #connection: QuicConnection;
  readonly #admit: Admit | undefined;
  readonly #sessions = new Map<number, WebTransportOverHttp3>();
  readonly #settings: Promise<boolean>;
  #learnt: (takes: boolean) => void = () => undefined;
  #accepted: (transport: WebTransportOverHttp3) => void = () => undefined;

  /** Sends SETTINGS at once. `admit` makes it a server. */
  constructor(connection: QuicConnection, admit?: Admit) {
    this.#connection = connection;
    this.#admit = admit;
    this.#settings = new Promise((resolve) => {
      this.#learnt = resolve;
    });
    this.#sendSettings();
    connection.onStream((stream) => {
      this.#take(stream).catch((error: unknown) => this.#fail(error));
    });
  }

  /** Calls `accepted` with every session that was admitted. */
  onSession(accepted: (transport: WebTransportOverHttp3) => void): void {
    this.#accepted = accepted;
  }

  /** Asks for a session, as a client. @throws Error when the server refuses, or knows no WebTransport */
  async open({ authority, path, origin }: WebTransportRequest): Promise<WebTransportOverHttp3> {
    const gone = this.#connection.closed.then((error) => {
      throw error;
    });
    gone.catch(() => undefined);
    if (!(await Promise.race([this.#settings, gone]))) {
      throw new Error("The server knows no WebTransport.");
    }
    const stream = this.#connection.openStream("bidirectional");
    if (!isBidirectional(stream)) throw new Error("The server takes no request.");
    const fields: Field[] = [
      [":method", "CONNECT"],
      [":protocol", "webtransport"],
      [":scheme", "https"],
      [":authority", authority],
      [":path", path],
      ["sec-webtransport-http3-draft02", "1"],
      ...(origin === undefined ? [] : [["origin", origin] as const]),
    ];
    const writer = stream.writable.getWriter();
    await writer.write(encodeBlock(FrameType.HEADERS, encodeFields(fields)));
    const frames = new RequestFrames(stream.readable);
    const answer = await Promise.race([frames.header(), gone]);
    const status = new Map(answer).get(":status");
    if (status !== "200") throw new Error(`The server answers ${status ?? "without a status"}.`);
    return this.#session({ id: stream.id, writer, data: frames.data() });
  }

  #sendSettings(): void {
    const control = this.#connection.openStream("unidirectional")?.writable?.getWriter();
    if (control === undefined) {
      this.#fail(new Http3Error("STREAM_CREATION_ERROR", "no control stream is allowed"));
      return;
    }
    const settings = encodeBlock(FrameType.SETTINGS, encodeSettings());
    control
      .write(concatBytes([encodeVarints(StreamType.CONTROL), settings]))
      .catch(() => undefined);
  }

  async #take(stream: QuicStream): Promise<void> {
    if (isBidirectional(stream)) await this.#takeBidirectional(stream);
    else if (stream.readable !== undefined) await this.#takeUnidirectional(stream.readable);
  }

  async #takeUnidirectional(readable: ReadableStream<Uint8Array>): Promise<void> {
    const head = new StreamHead(readable);
    const type = await orNothing(head.varint());
    if (type === StreamType.CONTROL) {
      await this.#readControl(head.rest());
    } else if (type === StreamType.QPACK_ENCODER || type === StreamType.QPACK_DECODER) {
      // Without a dynamic table there is nothing in them.
      await orNothing(drain(head.rest()));
    } else {
      await orNothing(head.rest().cancel(new Error("nobody reads this")));
    }
  }

  async #readControl(readable: ReadableStream<Uint8Array>): Promise<void> {
    const reader = new BlockReader([FrameType.SETTINGS], MAX_SETTINGS_BYTES);
    for await (const chunk of chunks(readable)) {
      for (const { payload } of reader.push(chunk)) this.#learnt(takesWebTransport(payload));
    }
    throw new Http3Error("CLOSED_CRITICAL_STREAM", "the control stream ended");
  }

  async #takeBidirectional(stream: BidirectionalStream): Promise<void> {
    const head = new StreamHead(stream.readable);
    const first = await orNothing(head.varint());
    // Given up before it began.
    if (first === undefined) return;
    if (first === WEBTRANSPORT_STREAM) {
      const session = this.#sessions.get((await orNothing(head.varint())) ?? -1);
      const readable = head.rest();
      if (session !== undefined) session.take({ readable, writable: stream.writable });
      else await refuse({ readable, writable: stream.writable });
    } else if (first === FrameType.HEADERS && this.#admit !== undefined) {
      await this.#answer(stream, head.rest(), this.#admit);
    } else {
      throw new Http3Error("FRAME_UNEXPECTED", `a stream that begins with ${first}`);
    }
  }

  async #answer(
    { id, writable }: BidirectionalStream,
    rest: ReadableStream<Uint8Array>,
    admit: Admit,
  ): Promise<void> {
    const frames = new RequestFrames(rest, FrameType.HEADERS);
    const header = await orNothing(frames.header());
    if (header === undefined) return;
    const writer = writable.getWriter();
    const status = await statusFor(new Map(header), admit);
    const fields: Field[] = [[":status", String(status)]];
    if (status === 200) fields.push(["sec-webtransport-http3-draft", "draft02"]);
    await orNothing(writer.write(encodeBlock(FrameType.HEADERS, encodeFields(fields))));
    if (status === 200) this.#accepted(this.#session({ id, writer, data: frames.data() }));
    else await orNothing(writer.close());
  }

  #session(connect: ConnectStream): WebTransportOverHttp3 {
    const session = new WebTransportOverHttp3(this.#connection, connect);
    this.#sessions.set(connect.id, session);
    void session.closed.then(() => this.#sessions.delete(connect.id));
    return session;
  }

  #fail(error: unknown): void {
    const known = error instanceof Http3Error ? error : undefined;
    const code = Http3Codes[known?.code ?? "GENERAL_PROTOCOL_ERROR"];
    this.#connection.close(code, known?.message ?? "");
  }
}

async function statusFor(fields: ReadonlyMap<string, string>, admit: Admit): Promise<number> {
  if (fields.get(":method") !== "CONNECT") return 405;
  if (fields.get(":protocol") !== "webtransport") return 501;
  const [authority, path] = [fields.get(":authority"), fields.get(":path")];
  if (authority === undefined || path === undefined) return 400;
  return admit({ authority, path, origin: fields.get("origin") });
}

function isBidirectional(stream: QuicStream | undefined): stream is BidirectionalStream {
  return stream?.readable !== undefined && stream.writable !== undefined;
}

async function refuse({ readable, writable }: Omit<BidirectionalStream, "id">): Promise<void> {
  const reason = new Error("no such session");
  await orNothing(readable.cancel(reason));
  await orNothing(writable.abort(reason));
}

async function drain(readable: ReadableStream<Uint8Array>): Promise<void> {
  const reader = readable.getReader();
  while (!(await reader.read()).done);
}

/** A stream that was reset ends what was read from it, and nothing else. */
async function orNothing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Http3Error) throw error;
    return undefined;
  }
}
