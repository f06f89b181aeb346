import { describe, test } from "@jest/globals";
import type { ByteStream, MessagePipe } from "@proj/wire-types";
import {
  byteStreamCases,
  listenerCases,
  type MakePair,
  messagePipeCases,
} from "@proj/wire-types/testing";
import {
  connectHttp2,
  connectTcp,
  connectTls,
  connectUnix,
  listenHttp2,
  listenTcp,
  listenTls,
  listenUnix,
  type SocketListener,
} from "@proj/xcp-framing/node";
import { clientTls, serverTls } from "../support/certificates.js";
import { FramedPipe } from "../support/framed-pipe.js";
import {
  freshSocketPath,
  http2ChannelsPair,
  http2Pair,
  portOf,
  secureHttp2Pair,
  secureWebSocketPair,
  tcpPair,
  tlsPair,
  unixPair,
  webSocketPair,
} from "../support/pairs.js";

function run(cases: readonly { readonly name: string; run(): Promise<void> }[]): void {
  for (const { name, run: body } of cases) test(name, body, 20_000);
}

const streams: Readonly<Record<string, MakePair<ByteStream>>> = {
  TCP: tcpPair,
  "a Unix socket": unixPair,
  TLS: tlsPair,
  "HTTP/2 without TLS": http2Pair,
  "HTTP/2 over TLS": secureHttp2Pair,
};
for (const [name, makePair] of Object.entries(streams)) {
  describe(`a stream over ${name}`, () => run(byteStreamCases(makePair)));
  describe(`a stream over ${name}, seen from the server`, () => {
    run(
      byteStreamCases(async () => {
        const { a, b, dispose } = await makePair();
        return { a: b, b: a, dispose };
      }),
    );
  });
}

const pipes: Readonly<Record<string, MakePair<MessagePipe>>> = {
  "a WebSocket": webSocketPair,
  "a WebSocket over TLS": secureWebSocketPair,
  "HTTP/2, one stream per channel": async () => {
    const { a, b, dispose } = await http2ChannelsPair();
    return { a: new FramedPipe(a, 1), b: new FramedPipe(b, 1), dispose };
  },
};
for (const [name, makePair] of Object.entries(pipes)) {
  describe(`a pipe over ${name}`, () => run(messagePipeCases(makePair)));
  describe(`a pipe over ${name}, seen from the server`, () => {
    run(
      messagePipeCases(async () => {
        const { a, b, dispose } = await makePair();
        return { a: b, b: a, dispose };
      }),
    );
  });
}

type Listen = (accept: (stream: ByteStream) => void) => Promise<SocketListener>;

function listens(listen: Listen, connect: (port: number) => Promise<ByteStream>): void {
  run(
    listenerCases(async () => {
      const accepted: ByteStream[] = [];
      const listener = await listen((stream) => accepted.push(stream));
      const port = portOf(listener);
      return { listener, accepted, connect: () => connect(port) };
    }),
  );
}

describe("a TCP listener", () => {
  listens(
    (accept) => listenTcp({ port: 0 }, accept),
    (port) => connectTcp({ port }),
  );
});

describe("a TLS listener", () => {
  listens(
    (accept) => listenTls({ port: 0, tls: serverTls() }, accept),
    (port) => connectTls({ port, tls: clientTls() }),
  );
});

describe("an HTTP/2 listener", () => {
  listens(
    (accept) => listenHttp2({ port: 0 }, (transport) => accept(transport as ByteStream)),
    (port) => connectHttp2(`h2c://127.0.0.1:${port}`),
  );
});

describe("a Unix listener", () => {
  run(
    listenerCases(async () => {
      const accepted: ByteStream[] = [];
      const { path } = freshSocketPath();
      const listener = await listenUnix({ path }, (stream) => accepted.push(stream));
      return { listener, accepted, connect: () => connectUnix({ path }) };
    }),
  );
});
