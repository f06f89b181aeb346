import type { Clock } from "@proj/wire-types";
import { type Connection, type OutgoingMessage, type XcpClient, XcpError } from "@proj/xcp-framing";
import { createHash } from "node:crypto";
import { toleranceOf } from "../content-sender.js";
import { dial } from "../dial.js";
import { EtherLink, type LinkToolkit } from "../ether-link.js";
import { ContentSummary } from "../receipts/content-summary.js";
import { parseReceipt, type Receipt, RECEIPT_TAG } from "../receipts/receipt.js";
import { summaryDifferences } from "../receipts/summary-difference.js";
import { Http2Client } from "./http2-peer.js";
import { median, type StopResult } from "./stop-result.js";
import type { Stop, TourTransport } from "./stops.js";

/** Where a tour goes and how long it may take. */
export interface TourOptions {
  readonly toolkit: LinkToolkit;
  readonly clock: Clock;
  /** Endpoints of the other node. */
  readonly urls: Readonly<Record<TourTransport, string>>;
  /** The secret that both nodes share. */
  readonly key: Uint8Array;
  /** Port of the plain HTTP/2 server. */
  readonly http2Port: number;
  /** Time for the rounds of one stop, both sides together. */
  readonly budgetUs: number;
}

const MIN_ROUNDS = 5;
const MAX_ROUNDS = 200;
/** Rounds before the first that counts: compilers and windows have to warm up on both sides. */
const WARM_UP = 3;

/** Goes from stop to stop: sends, checks what came back, and measures beside HTTP/2. */
export class Tour {
  readonly #options: TourOptions;
  readonly #clients = new Map<string, Promise<XcpClient>>();
  readonly #http2: Http2Client;

  /** Connections are opened as they are needed; {@link Tour.close} ends them. */
  constructor(options: TourOptions) {
    this.#options = options;
    this.#http2 = new Http2Client(options.http2Port);
  }

  /** Sends what `stop` holds. @throws XcpError `xcp.app` when the receiver got something else */
  async visit(stop: Stop): Promise<StopResult> {
    const connection = await (await this.#client(stop)).connect();
    const link = new EtherLink(this.#options.toolkit, connection.negotiated);
    const message = link.encode(stop.ethers, {
      codec: stop.codec,
      compress: stop.mode.startsWith("compressed") ? 3 : "never",
    });
    const before = connection.stats().sent;
    const receipt = await this.#exchange(connection, link, message);
    const after = connection.stats().sent;
    const timed = await this.#measure(connection, link, message);
    const { what, codec, mode, transport } = stop;
    return {
      what,
      codec,
      mode,
      transport,
      bodyBytes: receipt.bodyBytes,
      wireBytes: after.bytes - before.bytes,
      frames: after.frames - before.frames,
      ...timed,
      sha256: receipt.sha256,
      summary: checkedSummary(stop, receipt),
    };
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    const clients = await Promise.allSettled(this.#clients.values());
    await Promise.all(
      clients.map((client) => (client.status === "fulfilled" ? client.value.close() : undefined)),
    );
    await this.#http2.close();
  }

  #client(stop: Stop): Promise<XcpClient> {
    const encrypted = stop.mode.endsWith("encrypted");
    const name = `${stop.transport} ${encrypted} ${stop.maxFrameBytes ?? ""}`;
    const known = this.#clients.get(name);
    if (known !== undefined) return known;
    const client = dial(this.#options.urls[stop.transport], {
      key: encrypted ? this.#options.key : undefined,
      auth: undefined,
      tls: {
        ca: undefined,
        cert: undefined,
        key: undefined,
        passphrase: undefined,
        serverName: undefined,
      },
      profile: "v0.2",
      allowInsecure: false,
      timeoutMs: 30_000,
      ...(stop.maxFrameBytes === undefined
        ? {}
        : { limits: { maxFrameBytes: stop.maxFrameBytes } }),
    });
    this.#clients.set(name, client);
    return client;
  }

  async #exchange(
    connection: Connection,
    link: EtherLink,
    message: OutgoingMessage,
  ): Promise<Receipt> {
    const reply = await connection.request(message);
    const receipt = parseReceipt(link.decode(reply)[0]);
    const sha256 = createHash("sha256")
      .update(message.body as Uint8Array)
      .digest("hex");
    if (receipt.sha256 === sha256) return receipt;
    throw new XcpError("xcp.app", `sent ${sha256}, the receiver got ${receipt.sha256}`);
  }

  // Rounds alternate, so that whatever else the machine does meets both sides alike.
  async #measure(
    connection: Connection,
    link: EtherLink,
    message: OutgoingMessage,
  ): Promise<Pick<StopResult, "latencyUs" | "http2" | "rounds">> {
    const { clock, budgetUs } = this.#options;
    const tags = [...(message.tags ?? []), { key: RECEIPT_TAG, val: "hash" }];
    const body = message.body as Uint8Array;
    const headers = { "x-codec": String(message.bodyCodec) };
    const ours: number[] = [];
    const theirs: number[] = [];
    const timed = async (times: number[], run: () => Promise<unknown>): Promise<void> => {
      const startUs = clock.nowUs();
      await run();
      times.push(clock.nowUs() - startUs);
    };
    for (let i = 0; i < WARM_UP; i++) {
      await connection.request({ ...message, tags });
      await this.#http2.post(body, headers);
    }
    const written = this.#http2.bytesWritten;
    const endUs = clock.nowUs() + budgetUs;
    while (ours.length < MIN_ROUNDS || (clock.nowUs() < endUs && ours.length < MAX_ROUNDS)) {
      await timed(ours, async () => link.decode(await connection.request({ ...message, tags })));
      await timed(theirs, async () => {
        const answer = await this.#http2.post(body, headers);
        link.decode({ bodyCodec: 1, body: answer, tags: [], schemaKey: undefined });
      });
    }
    return {
      rounds: ours.length,
      latencyUs: median(ours),
      http2: {
        latencyUs: median(theirs),
        wireBytes: Math.round((this.#http2.bytesWritten - written) / ours.length),
      },
    };
  }
}

// The sender computes from what it sent what the receiver computed from what it got.
function checkedSummary(stop: Stop, receipt: Receipt): Receipt["summary"] & object {
  const expected = new ContentSummary();
  expected.add(stop.ethers);
  const differences =
    receipt.summary === undefined
      ? ["the receiver computed nothing"]
      : summaryDifferences(expected.result(), receipt.summary, toleranceOf(stop.codec));
  if (receipt.summary !== undefined && differences.length === 0) return receipt.summary;
  throw new XcpError("xcp.app", `${stop.what} as ${stop.codec}: ${differences.join("; ")}`);
}
