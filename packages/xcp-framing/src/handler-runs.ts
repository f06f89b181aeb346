import type { WireError } from "@proj/wire-types";
import { gatherBody } from "./body-pump.js";
import type { BodyPumps } from "./body-pumps.js";
import type { Connection } from "./connection.js";
import type { ConnectionOptions } from "./connection-options.js";
import { Delivery, type DeliveryPort } from "./delivery.js";
import { XcpError } from "./errors.js";
import type { Inbound } from "./inbound.js";
import type { OutgoingMessage, StreamSink } from "./message.js";
import { startSpan } from "./message-span.js";
import { refusalFrom } from "./refusal.js";
import type { SessionDriver } from "./session-driver.js";
import type { SessionEvent } from "./session-events.js";
import { SinkPump } from "./sink-pump.js";
import { isThenable } from "./thenable.js";

/** News about a message of the peer. */
export type InboundEvent = Extract<
  SessionEvent,
  {
    readonly kind:
      | "messageReceived"
      | "chunkReceived"
      | "streamEnded"
      | "streamAborted"
      | "clarified"
      | "confirmed"
      | "questionFailed"
      | "superseded";
  }
>;

/** The peer's messages on one connection in the hands of the application's handler or of its sinks. */
export class HandlerRuns {
  readonly #driver: SessionDriver;
  readonly #pumps: BodyPumps;
  readonly #options: ConnectionOptions;
  readonly #deliveryPort: DeliveryPort;
  /** Deliveries whose handler returned a promise. */
  readonly #working = new Set<Inbound>();

  constructor(
    connection: Connection,
    driver: SessionDriver,
    pumps: BodyPumps,
    options: ConnectionOptions,
  ) {
    this.#driver = driver;
    this.#pumps = pumps;
    this.#options = options;
    this.#deliveryPort = {
      connection,
      ask(inbound, question) {
        driver.session.controls.ask(driver.now(), inbound, question);
        driver.flushSoon();
      },
      acknowledge(inbound) {
        driver.session.replies.acknowledge(driver.now(), inbound);
        driver.flushSoon();
      },
    };
  }

  /** Passes an event on to the handler or sink that it concerns. */
  handle(event: InboundEvent): void {
    switch (event.kind) {
      case "messageReceived":
        this.#deliver(event);
        return;
      case "chunkReceived":
        this.#sinkOf(event.inbound).push(event.bytes);
        return;
      case "streamEnded":
        this.#sinkOf(event.inbound).end();
        return;
      case "streamAborted":
        this.#sinkOf(event.inbound).abort(event.error);
        return;
      case "clarified":
      case "confirmed":
        deliveryOf(event.inbound)?.answered(event.response);
        return;
      case "questionFailed":
        deliveryOf(event.inbound)?.unanswered(event.error);
        return;
      case "superseded":
        deliveryOf(event.inbound)?.cancel(new XcpError("xcp.cancelled", "answered already"));
    }
  }

  /** Tells every handler that works that its result is of no use any more. */
  cancelAll(reason: WireError): void {
    for (const inbound of this.#working) deliveryOf(inbound)?.cancel(reason);
  }

  #deliver(inbound: Inbound): void {
    const { handler, telemetry } = this.#options;
    if (handler === undefined) {
      this.#refuse(inbound, new XcpError("xcp.app_unavailable", "nobody handles messages here"));
      return;
    }
    const delivery = new Delivery(this.#deliveryPort, inbound);
    inbound.owner = delivery;
    if (telemetry !== undefined) {
      delivery.span = startSpan(telemetry, "xcp.handle", inbound.message);
    }
    try {
      const result = handler(inbound.message, delivery);
      if (isThenable(result)) this.#await(inbound, result);
      else this.#reply(inbound, result);
    } catch (error) {
      this.#refuse(inbound, error);
    }
  }

  #await(inbound: Inbound, result: PromiseLike<OutgoingMessage | undefined>): void {
    this.#working.add(inbound);
    result.then(
      (message) => this.#reply(inbound, message),
      (error: unknown) => this.#refuse(inbound, error),
    );
  }

  #reply(inbound: Inbound, message: OutgoingMessage | undefined): void {
    this.#working.delete(inbound);
    if (message !== undefined && !(message.body instanceof Uint8Array)) {
      try {
        this.#replyStreamed(inbound, message, message.body);
      } catch (error) {
        // Without the compiler a body may be anything.
        this.#refuse(inbound, error);
      }
      return;
    }
    this.#driver.session.replies.reply(this.#driver.now(), inbound, message);
    deliveryOf(inbound)?.span?.end();
    this.#driver.flushSoon();
  }

  // The first piece is read before the reply begins: a body that fails at once becomes a refusal.
  #replyStreamed(
    inbound: Inbound,
    message: OutgoingMessage,
    body: AsyncIterable<Uint8Array>,
  ): void {
    const { session } = this.#driver;
    if (session.negotiated?.profile !== "v0.2") {
      const gathered = gatherBody(body, session.negotiated?.maxFrameBytes ?? 0);
      this.#await(
        inbound,
        gathered.then((whole) => ({ ...message, body: whole })),
      );
      return;
    }
    const iterator = body[Symbol.asyncIterator]();
    const begin = (first: IteratorResult<Uint8Array>): void => {
      this.#working.delete(inbound);
      const transfer = session.replies.reply(this.#driver.now(), inbound, message);
      deliveryOf(inbound)?.span?.end();
      if (transfer !== undefined) this.#pumps.start(transfer, iterator, first);
      else void iterator.return?.().catch(() => undefined);
      this.#driver.flushSoon();
    };
    this.#working.add(inbound);
    iterator.next().then(begin, (error: unknown) => this.#refuse(inbound, error));
  }

  #refuse(inbound: Inbound, thrown: unknown): void {
    this.#working.delete(inbound);
    this.#driver.session.replies.refuse(this.#driver.now(), inbound, refusalFrom(thrown));
    deliveryOf(inbound)?.span?.end(thrown);
    this.#driver.flushSoon();
  }

  #sinkOf(inbound: Inbound): SinkPump {
    if (inbound.sink instanceof SinkPump) return inbound.sink;
    const pump = new SinkPump(inbound.sink as StreamSink, {
      released: (bytes) => {
        this.#driver.session.replies.release(this.#driver.now(), inbound, bytes);
        this.#driver.flushSoon();
      },
      finished: (reply) => {
        if (inbound.replyTo === undefined) this.#reply(inbound, reply);
      },
      failed: (error) => {
        if (inbound.replyTo === undefined) this.#refuse(inbound, error);
      },
    });
    inbound.sink = pump;
    return pump;
  }
}

function deliveryOf(inbound: Inbound): Delivery | undefined {
  return inbound.owner instanceof Delivery ? inbound.owner : undefined;
}
