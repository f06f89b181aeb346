import type { Clock } from "@proj/wire-types";
import { type Connection, type Tag, XcpError } from "@proj/xcp-framing";
import { toleranceOf } from "../content-sender.js";
import { dial, type Dialled, type DialOptions } from "../dial.js";
import type { EncodedMessage } from "../ether-coder.js";
import type { EtherLink, EtherRequestOptions } from "../ether-link.js";
import { checkReceipt } from "../receipts/check-receipt.js";
import { ContentSummary } from "../receipts/content-summary.js";
import { median } from "../median.js";
import { type Receipt, RECEIPT_TAG } from "../receipts/receipt.js";
import { summaryDifferences } from "../receipts/summary-difference.js";
import { Http2Client } from "./http2-peer.js";
import type { StopResult } from "./stop-result.js";
import type { Stop, TourTransport } from "./stops.js";

/** Where a tour goes and how long it may take. */
export interface TourOptions {
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
  readonly #connections = new Map<string, Promise<Dialled>>();
  readonly #http2: Http2Client;

  /** Connections are opened as they are needed; {@link Tour.close} ends them. */
  constructor(options: TourOptions) {
    this.#options = options;
    this.#http2 = new Http2Client(options.http2Port);
  }

  /** Sends what `stop` holds. @throws XcpError `xcp.app` when the receiver got something else */
  async visit(stop: Stop): Promise<StopResult> {
    const { connection, link } = await this.#dialled(stop);
    const request: EtherRequestOptions = {
      codec: stop.codec,
      compress: stop.mode.startsWith("compressed") ? 1 : "never",
      placement: stop.mode === "shared memory" ? "auto" : "inline",
    };
    const inline = link.coder.encode(stop.ethers, request);
    const before = connection.stats().sent;
    const receipt = checkReceipt(link, await link.request(stop.ethers, request));
    const after = connection.stats().sent;
    const once =
      stop.mode === "shared memory"
        ? () => link.request(stop.ethers, { ...request, tags: [HASH_ONLY] })
        : hashOnly(connection, link, inline);
    const { what, codec, mode, transport } = stop;
    return {
      what,
      codec,
      mode,
      transport,
      bodyBytes: inline.body.length,
      wireBytes: after.bytes - before.bytes,
      frames: after.frames - before.frames,
      ...(await this.#measure(once, inline)),
      sha256: receipt.sha256,
      attachments: receipt.attachments,
      summary: checkedSummary(stop, receipt),
    };
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    const all = await Promise.allSettled(this.#connections.values());
    for (const one of all) if (one.status === "fulfilled") await one.value.client.close();
    await this.#http2.close();
  }

  #dialled(stop: Stop): Promise<Dialled> {
    const encrypted = stop.mode.endsWith("encrypted");
    const name = `${stop.transport} ${encrypted} ${stop.maxFrameBytes ?? ""}`;
    const known = this.#connections.get(name);
    if (known !== undefined) return known;
    const { urls, key } = this.#options;
    const dialled = dial(urls[stop.transport], {
      ...localDial,
      key: encrypted ? key : undefined,
      dcquicKey: key,
      ...(stop.maxFrameBytes === undefined
        ? {}
        : { limits: { maxFrameBytes: stop.maxFrameBytes } }),
    });
    this.#connections.set(name, dialled);
    return dialled;
  }

  // Rounds alternate, so that whatever else the machine does meets both sides alike.
  async #measure(
    once: () => Promise<unknown>,
    { body, bodyCodec }: EncodedMessage,
  ): Promise<Pick<StopResult, "latencyUs" | "http2" | "rounds">> {
    const { clock, budgetUs } = this.#options;
    const headers = { "x-codec": String(bodyCodec) };
    const post = (): Promise<unknown> => this.#http2.post(body, headers);
    for (let i = 0; i < WARM_UP; i++) {
      await once();
      await post();
    }
    const ours: number[] = [];
    const theirs: number[] = [];
    const written = this.#http2.bytesWritten;
    const endUs = clock.nowUs() + budgetUs;
    while (ours.length < MIN_ROUNDS || (clock.nowUs() < endUs && ours.length < MAX_ROUNDS)) {
      ours.push(await timed(clock, once));
      theirs.push(await timed(clock, post));
    }
    const wireBytes = Math.round((this.#http2.bytesWritten - written) / theirs.length);
    return {
      rounds: ours.length,
      latencyUs: median(ours),
      http2: { latencyUs: median(theirs), wireBytes },
    };
  }
}

const HASH_ONLY: Tag = { key: RECEIPT_TAG, val: "hash" };

const localDial: Omit<DialOptions, "key" | "limits"> = {
  auth: undefined,
  tls: {},
  profile: "v0.2",
  codecPolicy: "Any",
  allowInsecure: false,
  sharedMemory: "auto",
  timeoutMs: 30_000,
};

// Both sides measure the way of bytes that are encoded already.
function hashOnly(
  connection: Connection,
  link: EtherLink,
  message: EncodedMessage,
): () => Promise<unknown> {
  const tagged = { ...message, tags: [...(message.tags ?? []), HASH_ONLY] };
  return async () => link.coder.decode(await connection.request(tagged));
}

async function timed(clock: Clock, run: () => Promise<unknown>): Promise<number> {
  const startUs = clock.nowUs();
  await run();
  return clock.nowUs() - startUs;
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
