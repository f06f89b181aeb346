import { type Ether, EtherError } from "@proj/ether-codecs";
import type { Clock, Meter, Timers } from "@proj/wire-types";
import {
  type Connection,
  type IncomingMessage,
  type MessageContext,
  MsgType,
  type OutgoingMessage,
  tagValue,
  XcpError,
} from "@proj/xcp-framing";
import type { EtherLink, LinkTable, ReceivedEthers } from "../ether-link.js";
import { arrivalReceipt } from "./arrival.js";
import { codecName } from "../inspect/names.js";
import { ContentSummary } from "./content-summary.js";
import { type Receipt, RECEIPT_TAG, receiptEther, TransferTag } from "./receipt.js";
import { TransferTable } from "./transfer-table.js";

/** How data is answered. */
export interface DataServiceOptions {
  /** `receipt`: with proof and statistics; `echo`: with the same Ethers. */
  readonly reply: "receipt" | "echo";
  /** Transfers in several parts that may be open at once. */
  readonly maxTransfers: number;
  /** Links of the connections that messages come on. */
  readonly links: LinkTable;
  /** Takes counts. */
  readonly meter: Meter;
  /** Time. */
  readonly time: Clock & Timers;
}

/** Answers DATA messages: decodes them, computes something from them, and tells the sender what. */
export class DataService {
  readonly #options: DataServiceOptions;
  readonly #transfers: TransferTable;
  readonly #known = new WeakSet<Connection>();
  readonly #count: (codec: string, bytes: number) => void;

  /** Makes its instrument in `options.meter`. */
  constructor(options: DataServiceOptions) {
    this.#options = options;
    this.#transfers = new TransferTable(options.maxTransfers, options.time);
    const bytes = options.meter.counter({
      name: "node_data_bytes_total",
      help: "Body bytes of DATA messages that were decoded.",
      labels: ["codec"],
    });
    this.#count = (codec, length) => bytes.add(length, { codec });
  }

  /** Transfers that are under way. */
  get openTransfers(): number {
    return this.#transfers.size;
  }

  /**
   * Handles one message; the result is the reply.
   *
   * @throws XcpError, EtherError with the number that refuses the message
   */
  handle(
    message: IncomingMessage,
    context: MessageContext,
  ): OutgoingMessage | Promise<OutgoingMessage> {
    if (message.msgType !== MsgType.DATA) {
      throw new XcpError(
        "xcp.msgtype_unknown",
        `no application protocol 0x${message.msgType.toString(16)} here`,
      );
    }
    const { links, reply } = this.#options;
    const { connection } = context;
    this.#forgetLater(connection);
    const link = links.of(connection);
    const part = reply === "receipt" ? partOf(message) : undefined;
    // A part of a transfer is added to those before it: what it says must stand first.
    const received = link.receive(message, part === undefined ? "inPlace" : "copied");
    this.#count(codecName(message.bodyCodec), message.body.length);
    const turn = part && this.#transfers.turn(connection, part.id, part.index);
    if (turn === undefined) return this.#answer(message, received, link, connection);
    // What it brought is copied: its sender need not wonder where it is.
    context.acknowledge();
    return turn.then(() => this.#answer(message, received, link, connection));
  }

  #answer(
    message: IncomingMessage,
    received: ReceivedEthers,
    link: EtherLink,
    connection: Connection,
  ): OutgoingMessage {
    const answer =
      this.#options.reply === "echo"
        ? link.coder.echo(received.ethers, message)
        : this.#receipt(message, received, link, connection);
    if (received.stillValid()) return answer;
    throw new EtherError("ether.shm_unavailable", "the frame was overwritten while it was read");
  }

  #receipt(
    message: IncomingMessage,
    received: ReceivedEthers,
    link: EtherLink,
    connection: Connection,
  ): OutgoingMessage {
    const receipt = arrivalReceipt(message, received);
    const computed = this.#compute(message, received.ethers, connection);
    return link.coder.encode([receiptEther({ ...receipt, ...computed })]);
  }

  #compute(
    message: IncomingMessage,
    ethers: readonly Ether[],
    connection: Connection,
  ): Pick<Receipt, "parts" | "summary"> {
    const part = partOf(message);
    if (part !== undefined) return this.#continue(message, ethers, part, connection);
    if (tagValue(message.tags, RECEIPT_TAG) === "hash") return { parts: 1, summary: undefined };
    const summary = new ContentSummary();
    summary.add(ethers);
    return { parts: 1, summary: summary.result() };
  }

  #continue(
    message: IncomingMessage,
    ethers: readonly Ether[],
    { id, index }: TransferPart,
    connection: Connection,
  ): Pick<Receipt, "parts" | "summary"> {
    const transfer = this.#transfers.open(connection, id, index);
    transfer.summary.add(ethers);
    this.#transfers.took(connection, id);
    const { parts } = transfer;
    if (tagValue(message.tags, TransferTag.LAST) !== "1") return { parts, summary: undefined };
    this.#transfers.close(connection, id);
    return { parts, summary: transfer.summary.result() };
  }

  #forgetLater(connection: Connection): void {
    if (this.#known.has(connection)) return;
    this.#known.add(connection);
    void connection.closed.then(() => this.#transfers.forget(connection));
  }
}

interface TransferPart {
  readonly id: string;
  readonly index: number;
}

// The part of a transfer that a message says it is, if it says so.
function partOf({ tags }: IncomingMessage): TransferPart | undefined {
  const id = tagValue(tags, TransferTag.ID);
  if (id === undefined) return undefined;
  const index = Number(tagValue(tags, TransferTag.PART));
  if (/^[0-9a-f]{16}$/.test(id) && Number.isSafeInteger(index)) return { id, index };
  throw new XcpError("xcp.app", `${TransferTag.ID} or ${TransferTag.PART} cannot be read`);
}
