import type { ValueMap } from "@proj/ether-codecs";
import type { Clock, CodecName } from "@proj/wire-types";
import { type Connection, type Tag, XcpError } from "@proj/xcp-framing";
import { randomBytes } from "node:crypto";
import type { Content, ContentPart } from "./content/content.js";
import type { EtherLink } from "./ether-link.js";
import { codecName } from "./inspect/names.js";
import { ContentSummary } from "./receipts/content-summary.js";
import { checkReceipt } from "./receipts/check-receipt.js";
import { PARTS_IN_FLIGHT, type Receipt, TransferTag } from "./receipts/receipt.js";
import { summaryDifferences } from "./receipts/summary-difference.js";

/** How content is sent. */
export interface SendContentOptions {
  readonly clock: Clock;
  /** A codec by name; default: what suits the size of each part. */
  readonly codec?: CodecName | undefined;
  /** See `OutgoingMessage.compress`. */
  readonly compress?: "auto" | "never" | number | undefined;
  /** Milliseconds until a part fails. */
  readonly timeoutMs: number;
  /** Gives up. */
  readonly signal?: AbortSignal;
  /** Told how many bytes of the source have been confirmed. */
  readonly onProgress?: (sourceBytes: number) => void;
}

/** What became of content that was sent, confirmed by its receiver. */
export interface SendReport {
  readonly kind: string;
  /** Codecs of the messages. */
  readonly codecs: readonly string[];
  readonly parts: number;
  /** Encoded bytes of all parts. */
  readonly bodyBytes: number;
  /** Bytes that left this end, frames and all. */
  readonly wireBytes: number;
  readonly durationUs: number;
  /** What the receiver computed. */
  readonly summary: ValueMap;
  /** Bytes beside the bodies that travelled through shared memory. */
  readonly shmBytes: number;
  readonly notes: readonly string[];
}

/**
 * Sends content in parts and checks every receipt: the hash of each part, and in the end what the receiver computed
 * against what was read here.
 *
 * @throws XcpError `xcp.app` when a receipt does not match; whatever the connection or a codec throws
 */
export async function sendContent(
  connection: Connection,
  link: EtherLink,
  content: Content,
  options: SendContentOptions,
): Promise<SendReport> {
  return new ContentSender(connection, link, content, options).run();
}

interface SentPart {
  readonly receipt: Receipt;
  readonly sourceBytes: number;
}

class ContentSender {
  readonly #connection: Connection;
  readonly #content: Content;
  readonly #options: SendContentOptions;
  readonly #link: EtherLink;
  readonly #transfer = randomBytes(8).toString("hex");
  readonly #expected = new ContentSummary();
  readonly #codecs = new Set<string>();
  #parts = 0;
  #bodyBytes = 0;
  #shmBytes = 0;
  #lossy = 0;

  constructor(
    connection: Connection,
    link: EtherLink,
    content: Content,
    options: SendContentOptions,
  ) {
    this.#connection = connection;
    this.#content = content;
    this.#options = options;
    this.#link = link;
  }

  async run(): Promise<SendReport> {
    const { clock } = this.#options;
    const startUs = clock.nowUs();
    const wireBefore = this.#connection.stats().sent.bytes;
    const last = await this.#sendAll();
    return {
      kind: this.#content.kind,
      codecs: [...this.#codecs],
      parts: this.#parts,
      bodyBytes: this.#bodyBytes,
      wireBytes: this.#connection.stats().sent.bytes - wireBefore,
      durationUs: clock.nowUs() - startUs,
      summary: this.#checkSummary(last),
      shmBytes: this.#shmBytes,
      notes: this.#content.notes,
    };
  }

  // Reads one part ahead, because the last one is marked as such.
  async #sendAll(): Promise<Receipt> {
    const iterator = this.#content.parts[Symbol.asyncIterator]();
    const underWay: Promise<SentPart>[] = [];
    let receipt: Receipt | undefined;
    try {
      let next = await iterator.next();
      while (next.done !== true) {
        const part = next.value;
        next = await iterator.next();
        const sent = this.#sendPart(part, next.done === true);
        // Its failure is met when its turn comes; until then it must not count as unhandled.
        void sent.catch(() => undefined);
        underWay.push(sent);
        if (underWay.length >= PARTS_IN_FLIGHT || next.done === true) {
          receipt = await this.#settle(underWay, next.done === true ? 0 : PARTS_IN_FLIGHT - 1);
        }
      }
    } finally {
      await iterator.return?.();
    }
    if (receipt === undefined) throw new XcpError("xcp.app", "there was nothing to send");
    return receipt;
  }

  async #settle(underWay: Promise<SentPart>[], left: number): Promise<Receipt | undefined> {
    let receipt: Receipt | undefined;
    while (underWay.length > left) {
      const sent = await underWay[0];
      void underWay.shift();
      if (sent === undefined) continue;
      receipt = sent.receipt;
      this.#options.onProgress?.(sent.sourceBytes);
    }
    return receipt;
  }

  async #sendPart(part: ContentPart, last: boolean): Promise<SentPart> {
    const index = this.#parts++;
    this.#expected.add(part.ethers);
    const { codec, compress, timeoutMs, signal } = this.#options;
    const exchange = await this.#link.request(part.ethers, {
      codec,
      compress,
      timeoutMs,
      tags: this.#tags(index, last),
      ...(signal === undefined ? {} : { signal }),
    });
    const { sent, attachments } = exchange;
    const name = attachments[0]?.codec ?? codecName(sent.bodyCodec);
    this.#bodyBytes += sent.body.length;
    this.#codecs.add(name);
    this.#lossy = Math.max(this.#lossy, toleranceOf(name));
    const receipt = checkReceipt(this.#link, exchange);
    for (const { via, bytes } of receipt.attachments) if (via === "shm") this.#shmBytes += bytes;
    return { receipt, sourceBytes: part.sourceBytes };
  }

  #tags(index: number, last: boolean): readonly Tag[] {
    return [
      { key: TransferTag.ID, val: this.#transfer },
      { key: TransferTag.PART, val: String(index) },
      ...(last ? [{ key: TransferTag.LAST, val: "1" }] : []),
    ];
  }

  #checkSummary({ summary, parts }: Receipt): ValueMap {
    if (summary === undefined || parts !== this.#parts) {
      throw new XcpError(
        "xcp.app",
        `the receiver counted ${parts} parts, ${this.#parts} were sent`,
      );
    }
    const differences = summaryDifferences(this.#expected.result(), summary, this.#lossy);
    if (differences.length > 0) {
      throw new XcpError(
        "xcp.app",
        `the receiver understood something else: ${differences.join("; ")}`,
      );
    }
    return summary;
  }
}

/** How far a codec may move a mean, relative to the largest number around. 0: not at all. */
export function toleranceOf(codec: string): number {
  switch (codec) {
    case "TENSOR_F16":
      // Half a unit in the last of 11 bits.
      return 2 ** -11;
    case "TENSOR_QNT8":
      // Half a step of 127.
      return 1 / 254 + 1e-6;
    default:
      return 0;
  }
}
