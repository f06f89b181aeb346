import { asWireError } from "@proj/wire-types";
import { gatherBody } from "./body-pump.js";
import type { BodyPumps } from "./body-pumps.js";
import type { ConnectionOptions } from "./connection-options.js";
import { XcpError } from "./errors.js";
import type { IncomingMessage, OutgoingMessage, RequestOptions } from "./message.js";
import { startSpan } from "./message-span.js";
import { PendingCall } from "./pending-call.js";
import type { SessionDriver } from "./session-driver.js";
import type { SessionEvent } from "./session-events.js";
import type { Transfer } from "./transfer.js";

/** News about a message of this end. */
export type OutcomeEvent = Extract<
  SessionEvent,
  { readonly kind: "replied" | "delivered" | "failed" | "renumbered" | "bodyWanted" }
>;

/** The messages of the application on one connection, and the promises they were sent with. */
export class OutgoingCalls {
  readonly #driver: SessionDriver;
  readonly #pumps: BodyPumps;
  readonly #telemetry: ConnectionOptions["telemetry"];
  #nextChannel: number;
  #defaultChannel: number | undefined;

  constructor(
    driver: SessionDriver,
    pumps: BodyPumps,
    options: Pick<ConnectionOptions, "telemetry">,
    firstChannel: 1 | 2,
  ) {
    this.#driver = driver;
    this.#pumps = pumps;
    this.#telemetry = options.telemetry;
    this.#nextChannel = firstChannel;
  }

  /** Takes a channel that was not used yet: odd ones belong to the initiator. spec/xcp.md §7 */
  openChannel(): number {
    const channel = this.#nextChannel;
    this.#nextChannel += 2;
    return channel;
  }

  /** Sends a message; resolves with its reply, or with nothing where none is wanted. */
  call(
    message: OutgoingMessage,
    options: RequestOptions,
    wants: "reply" | "nothing",
  ): Promise<IncomingMessage | undefined> {
    return new Promise((resolve, reject) => {
      const call = new PendingCall(resolve, reject);
      const { body } = message;
      const negotiated = this.#driver.session.negotiated;
      if (body instanceof Uint8Array || negotiated?.profile === "v0.2") {
        this.#submit(message, options, wants, call);
        return;
      }
      gatherBody(body, negotiated?.maxFrameBytes ?? 0)
        .then((whole) => this.#submit({ ...message, body: whole }, options, wants, call))
        .catch((error: unknown) => call.reject(asWireError(error, "wire.cancelled")));
    });
  }

  /** Settles the promise that an event is about, or lets its body go on. */
  handle(event: OutcomeEvent): void {
    const { transfer } = event;
    const call = transfer.owner as PendingCall | undefined;
    switch (event.kind) {
      case "replied":
        this.#driver.metrics?.answered(this.#driver.now() - transfer.startedUs);
        call?.resolve(event.reply);
        break;
      case "delivered":
        call?.resolve(undefined);
        break;
      case "failed":
        call?.reject(event.error);
        break;
      case "renumbered":
        call?.onMsgId?.(transfer.msgId);
        return;
      case "bodyWanted":
        this.#pumps.wanted(transfer);
        return;
    }
    this.#pumps.settled(transfer);
  }

  #submit(
    message: OutgoingMessage,
    options: RequestOptions,
    wants: "reply" | "nothing",
    call: PendingCall,
  ): void {
    const driver = this.#driver;
    const { signal, timeoutMs, onMsgId } = options;
    if (signal?.aborted === true) throw cancelled(signal);
    this.#defaultChannel ??= this.openChannel();
    const nowUs = driver.now();
    const transfer = driver.session.submit(nowUs, message, {
      channelId: message.channelId ?? this.#defaultChannel,
      wants,
      acknowledge: options.acknowledge,
      timeoutUs: timeoutMs === undefined ? undefined : timeoutMs * 1000,
      attempts: options.attempts,
      msgId: options.resumeMsgId,
    });
    transfer.owner = call;
    if (this.#telemetry !== undefined) {
      call.span = startSpan(this.#telemetry, "xcp.request", transfer);
    }
    if (signal !== undefined) call.watch(signal, () => this.#cancel(transfer, signal));
    if (onMsgId !== undefined) {
      call.onMsgId = onMsgId;
      onMsgId(transfer.msgId);
    }
    const { body } = message;
    if (!(body instanceof Uint8Array)) this.#pumps.start(transfer, body[Symbol.asyncIterator]());
    driver.flushSoon(nowUs);
  }

  #cancel(transfer: Transfer, signal: AbortSignal): void {
    this.#driver.session.cancel(this.#driver.now(), transfer, cancelled(signal));
    this.#driver.flushSoon();
  }
}

function cancelled(signal: AbortSignal): XcpError {
  return new XcpError("xcp.cancelled", "cancelled by its sender", { cause: signal.reason });
}
