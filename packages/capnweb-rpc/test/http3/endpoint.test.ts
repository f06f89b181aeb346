import { describe, expect, test } from "@jest/globals";
import { encodeBlock } from "#src/http3/block-reader.js";
import { Http3Endpoint, type WebTransportRequest } from "#src/http3/http3-endpoint.js";
import { Http3Codes } from "#src/http3/http3-error.js";
import { encodeSettings, FrameType, StreamType } from "#src/http3/http3-settings.js";
import { decodeFields, encodeFields, type Field } from "#src/http3/qpack.js";
import { encodeVarints } from "#src/http3/quic-varint.js";
import type { WebTransportOverHttp3 } from "#src/http3/web-transport-over-http3.js";
import { concatBytes } from "@proj/wire-types";
import { QuicEnd } from "../support/quic-pair.js";

const request: WebTransportRequest = { authority: "host:1", path: "/rpc/wt" };

interface Served {
  readonly client: QuicEnd;
  readonly server: QuicEnd;
  readonly asked: WebTransportRequest[];
  readonly session: Promise<WebTransportOverHttp3>;
}

function serve(status = 200): Served {
  const { client, server } = QuicEnd.pair();
  const asked: WebTransportRequest[] = [];
  const endpoint = new Http3Endpoint(server, (wanted) => {
    asked.push(wanted);
    return status;
  });
  const session = new Promise<WebTransportOverHttp3>((resolve) => endpoint.onSession(resolve));
  return { client, server, asked, session };
}

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

describe("a session", () => {
  test("opens, carries streams of both ends, and closes with a reason", async () => {
    const { client, asked, session } = serve();
    const ours = await new Http3Endpoint(client).open({ ...request, origin: "https://x" });
    expect(asked).toEqual([{ ...request, origin: "https://x" }]);
    const theirs = await session;
    for (const [from, to] of [
      [ours, theirs],
      [theirs, ours],
    ] as const) {
      const stream = await from.createBidirectionalStream();
      const writer = stream.writable.getWriter();
      void writer.write(bytes("ping"));
      const { value: taken } = await to.incomingBidirectionalStreams.getReader().read();
      const reader = taken?.readable.getReader();
      expect(text((await reader?.read())?.value)).toBe("ping");
      void taken?.writable.getWriter().write(bytes("pong"));
      expect(text((await stream.readable.getReader().read()).value)).toBe("pong");
    }
    ours.close({ closeCode: 7, reason: "done" });
    expect(await theirs.closed).toEqual({ closeCode: 7, reason: "done" });
    expect(await ours.closed).toEqual({ closeCode: 7, reason: "done" });
    await expect(ours.createBidirectionalStream()).rejects.toThrow("closed");
  });

  test("ends with its connection", async () => {
    const { client, session } = serve();
    const ours = await new Http3Endpoint(client).open(request);
    client.close(Http3Codes.NO_ERROR, "bye");
    expect(await ours.closed).toEqual({ closeCode: 0, reason: "closed: 256 bye" });
    expect(await (await session).closed).toMatchObject({ closeCode: 0 });
  });

  test.each([403, 404, 503])("that is refused with %d is not there", async (status) => {
    const { client } = serve(status);
    await expect(new Http3Endpoint(client).open(request)).rejects.toThrow(
      `The server answers ${status}.`,
    );
  });

  test("is not asked of a server that knows no WebTransport", async () => {
    const { client, server } = QuicEnd.pair();
    const opening = new Http3Endpoint(client).open(request);
    const control = server.openStream("unidirectional").writable?.getWriter();
    void control?.write(encodeVarints(StreamType.CONTROL));
    void control?.write(encodeBlock(FrameType.SETTINGS, encodeVarints(8, 1)));
    await expect(opening).rejects.toThrow("knows no WebTransport");
  });

  test("is given up when the connection ends while it opens", async () => {
    const { client, server } = QuicEnd.pair();
    const opening = new Http3Endpoint(client).open(request);
    server.close(Http3Codes.NO_ERROR, "no");
    await expect(opening).rejects.toThrow("closed: 256 no");
  });
});

describe("a client that is none of ours", () => {
  /** Sends `parts` on a new stream and answers what comes back. */
  async function ask(client: QuicEnd, ...parts: Uint8Array[]): Promise<Uint8Array> {
    const { readable, writable } = client.openStream("bidirectional");
    void writable
      ?.getWriter()
      .write(concatBytes(parts))
      .catch(() => undefined);
    const answer = await readable?.getReader().read();
    return answer?.value ?? new Uint8Array();
  }

  function header(...fields: Field[]): Uint8Array {
    return encodeBlock(FrameType.HEADERS, encodeFields(fields));
  }

  async function statusOf(...fields: Field[]): Promise<string | undefined> {
    const { client, server } = serve();
    const answer = await ask(client, header(...fields));
    expect(server.code).toBeUndefined();
    return new Map(decodeFields(answer.subarray(2))).get(":status");
  }

  test("is answered by status for every other request", async () => {
    const connect: Field = [":method", "CONNECT"];
    expect(await statusOf([":method", "GET"], [":path", "/"])).toBe("405");
    expect(await statusOf(connect)).toBe("501");
    expect(await statusOf(connect, [":protocol", "webtransport"])).toBe("400");
  });

  test.each<[keyof typeof Http3Codes, string, Uint8Array]>([
    ["FRAME_UNEXPECTED", "data before a header", encodeBlock(FrameType.DATA, bytes("x"))],
    ["FRAME_UNEXPECTED", "a frame of a control stream", encodeBlock(FrameType.SETTINGS, bytes(""))],
    ["EXCESSIVE_LOAD", "a header that is too long", encodeVarints(FrameType.HEADERS, 70_000)],
    ["QPACK_DECOMPRESSION_FAILED", "the dynamic table", encodeBlock(1, Uint8Array.of(0, 0, 0x80))],
  ])("loses the connection with %s for %s", async (code, _, sent) => {
    const { client, server } = serve();
    void ask(client, sent);
    await server.closed;
    expect(server.code).toBe(Http3Codes[code]);
  });

  test.each<[keyof typeof Http3Codes, Uint8Array[]]>([
    ["FRAME_ERROR", [encodeVarints(0, 4, 1, 8)]],
    ["EXCESSIVE_LOAD", [encodeVarints(0, 4, 20_000)]],
  ])("loses the connection with %s for its control stream", async (code, parts) => {
    const { client, server } = serve();
    void client.openStream("unidirectional").writable?.getWriter().write(concatBytes(parts));
    await server.closed;
    expect(server.code).toBe(Http3Codes[code]);
  });

  test("loses the connection when it ends its control stream", async () => {
    const { client, server } = serve();
    const writer = client.openStream("unidirectional").writable?.getWriter();
    void writer?.write(concatBytes([encodeVarints(0), encodeBlock(4, encodeSettings())]));
    void writer?.close();
    await server.closed;
    expect(server.code).toBe(Http3Codes.CLOSED_CRITICAL_STREAM);
  });

  test("may open streams of types that nobody knows, and reset anything", async () => {
    const { client, server, session } = serve();
    for (const type of [StreamType.QPACK_ENCODER, StreamType.QPACK_DECODER, 0x54, 0x21]) {
      const writer = client.openStream("unidirectional").writable?.getWriter();
      void writer?.write(encodeVarints(type, 1, 2, 3)).catch(() => undefined);
      await writer?.abort(new Error("reset")).catch(() => undefined);
    }
    const half = client.openStream("bidirectional").writable?.getWriter();
    void half?.write(encodeVarints(FrameType.HEADERS)).catch(() => undefined);
    await half?.abort(new Error("reset"));
    // A stream for a session that does not exist is reset, alone.
    const stray = client.openStream("bidirectional");
    void stray.writable
      ?.getWriter()
      .write(encodeVarints(0x41, 400))
      .catch(() => undefined);
    await expect(stray.readable?.getReader().read()).rejects.toThrow("no such session");
    await new Http3Endpoint(client).open(request);
    await session;
    expect(server.code).toBeUndefined();
  });
});
