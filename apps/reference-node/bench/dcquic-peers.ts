import { memoryTarget, type PayloadProtection, type TransportPool } from "@proj/dcquic-core";
import {
  type BindDriver,
  bindNative,
  bindSpinning,
  createTransportPool,
  UdpDriver,
} from "@proj/dcquic-core/node";
import {
  developmentCertificate,
  Http3WebTransport,
  serveWebTransport,
} from "@proj/capnweb-rpc/http3";
import { type CpuTime, spawnServer } from "@proj/bench";
import { once } from "node:events";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer } from "node:net";

/** Two ends, here unless they are said to be elsewhere. */
export interface Exchange {
  /** Carries a payload to the other end and waits until it says that it has it. */
  carry(payload: Uint8Array): Promise<void>;
  /** Sends a request and waits for the same bytes as the answer. */
  ask(request: Uint8Array): Promise<void>;
  /** Processor time of the other end where that is another process. */
  cpu?(): Promise<CpuTime>;
  close(): Promise<void>;
}

/** Which driver both ends run on. */
export type DriverName = "native" | "spinning" | "dgram";

const BINDERS: Readonly<Record<DriverName, BindDriver>> = {
  native: bindNative,
  spinning: bindSpinning,
  dgram: (options) => UdpDriver.bind(options),
};

/** Two pools of dcQUIC, connected, the second of which answers with what it was asked. */
export interface PoolPair {
  readonly caller: TransportPool;
  readonly answerer: TransportPool;
  close(): Promise<void>;
}

/** Opens a pool on the loopback interface, with datagrams of `mtuMaxBytes` at most if that is given. */
export function openPool(driver: DriverName, mtuMaxBytes?: number): Promise<TransportPool> {
  return createTransportPool({
    host: "127.0.0.1",
    credentials: { kind: "psk", identity: "bench", secret: new Uint8Array(32).fill(1) },
    closeGraceMs: 200,
    ...(mtuMaxBytes === undefined ? {} : { engine: { mtuMaxBytes } }),
    bind: BINDERS[driver],
  });
}

/** Has a pool take bulk bytes into one piece of memory, and answer calls with what they asked. */
export function answerAll(pool: TransportPool): void {
  const memory = new Uint8Array(64 * 1024 * 1024);
  pool.serve({
    accept: async (incoming) => {
      if (incoming.pattern === "rawBulk")
        await incoming.place(memoryTarget(memory.subarray(0, incoming.size)));
      else await incoming.reply((await incoming.request()).bytes);
    },
  });
}

/** Opens two pools on this thread, the second of which answers. */
export async function openPools(driver: DriverName, mtuMaxBytes?: number): Promise<PoolPair> {
  const caller = await openPool(driver, mtuMaxBytes);
  const answerer = await openPool(driver, mtuMaxBytes);
  answerAll(answerer);
  await caller.connect(answerer.name);
  return {
    caller,
    answerer,
    close: async () => {
      await Promise.all([caller.close(), answerer.close()]);
    },
  };
}

/**
 * dcQUIC, encrypted: bulk transfers into memory, unary calls. `protection` is that of the bulk transfers: records, which are
 * encrypted once and authenticated by each packet besides, if absent.
 */
export async function overDcquic(
  driver: DriverName,
  mtuMaxBytes?: number,
  protection: PayloadProtection = "record",
): Promise<Exchange> {
  const { caller, answerer, close } = await openPools(driver, mtuMaxBytes);
  return { ...exchangeOf(caller, answerer.name, protection), close };
}

/** The same with the answering end in a process of its own. */
export async function toProcess(
  driver: DriverName,
  protection: PayloadProtection = "record",
): Promise<Exchange> {
  const { caller, peer, cpu, close } = await openToProcess(driver);
  return { ...exchangeOf(caller, peer, protection), cpu, close };
}

/** A pool of this process, connected with one that answers. */
export interface Connected {
  readonly caller: TransportPool;
  /** Name of the one that answers. */
  readonly peer: string;
  /** Processor time of the other process. */
  cpu(): Promise<CpuTime>;
  close(): Promise<void>;
}

/** Opens a pool here, and one that answers in a process of its own, which Node is started for with `nodeFlags`. */
export async function openToProcess(
  driver: DriverName,
  nodeFlags: readonly string[] = [],
): Promise<Connected> {
  const answerer = new URL("./dcquic-answerer.js", import.meta.url);
  const server = await spawnServer<string>(answerer, driver, { nodeFlags });
  const caller = await openPool(driver);
  await caller.connect(server.ready);
  return {
    caller,
    peer: server.ready,
    cpu: () => server.cpu(),
    close: async () => {
      await caller.close();
      await server.close();
    },
  };
}

function exchangeOf(
  caller: TransportPool,
  peer: string,
  protection: PayloadProtection,
): Pick<Exchange, "carry" | "ask"> {
  return {
    carry: async (payload) => {
      await caller.rawBulkTransfer(peer, payload, { protection }).done;
    },
    ask: async (request) => {
      (await caller.unaryRpc(peer, request).response).release();
    },
  };
}

/** TCP in the clear: a payload is over when one byte comes back. */
export async function overTcp(): Promise<Exchange> {
  const server = createTcpServer({ noDelay: true });
  let expected = 0;
  let received = 0;
  server.on("connection", (socket) => {
    socket.on("data", (chunk) => {
      received += chunk.length;
      if (received < expected) return;
      received = 0;
      socket.write(chunk.subarray(0, 1));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const socket = connectTcp({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  const carry = async (payload: Uint8Array): Promise<void> => {
    expected = payload.length;
    const answered = once(socket, "data");
    socket.write(payload);
    await answered;
  };
  return {
    carry,
    ask: carry,
    close: async () => {
      socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** HTTP/2 in the clear: one stream for each payload. */
export async function overHttp2(): Promise<Exchange> {
  const server = createHttp2Server({ settings: { initialWindowSize: 16 * 1024 * 1024 } });
  server.on("stream", (stream) => {
    stream.resume();
    stream.on("end", () => {
      stream.respond({ ":status": 200 });
      stream.end("k");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await once(session, "connect");
  const carry = async (payload: Uint8Array): Promise<void> => {
    const stream = session.request({ ":method": "POST", ":path": "/" });
    stream.resume();
    stream.end(payload);
    await once(stream, "end");
  };
  return {
    carry,
    ask: carry,
    close: async () => {
      session.close();
      await once(session, "close");
      server.close();
    },
  };
}

/** QUIC by quiche, encrypted: one stream of a WebTransport session for each payload. */
export async function overQuic(): Promise<Exchange> {
  const certificate = developmentCertificate();
  const server = await serveWebTransport({ ...certificate }, (transport) => {
    void (async () => {
      for await (const { readable, writable } of transport.incomingBidirectionalStreams) {
        void (async () => {
          await drain(readable.getReader());
          const writer = writable.getWriter();
          await writer.write(Uint8Array.of(1));
          await writer.close();
        })();
      }
    })();
  });
  const transport = new Http3WebTransport(server.url, {
    serverCertificateHashes: [certificate.hash],
  });
  await transport.ready;
  const carry = async (payload: Uint8Array): Promise<void> => {
    const { readable, writable } = await transport.createBidirectionalStream();
    const writer = writable.getWriter();
    const written = writer.write(payload).then(() => writer.close());
    await drain(readable.getReader());
    await written;
  };
  return {
    carry,
    ask: carry,
    close: async () => {
      transport.close();
      await server.close();
    },
  };
}

async function drain(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  while (!(await reader.read()).done);
}
