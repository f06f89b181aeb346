import { DcquicError } from "../errors.js";
import { Status } from "../engine/status.js";
import { defer } from "../pool/defer.js";
import type { PoolBackend, Route, WorkerMeasure } from "../pool/pool-backend.js";
import type { PoolCore } from "../pool/pool-core.js";
import type { IncomingStream } from "../stream/incoming-stream.js";
import { HostBuffers } from "./host-buffers.js";
import { HostEvents } from "./host-events.js";
import { HostStream, type HostSurroundings } from "./host-stream.js";
import { type Lane, type LaneEnd, LaneOutbox } from "./lane.js";
import { readCommand } from "./read-command.js";
import {
  type OpenCommand,
  SHARE_VERSION,
  type SendCommand,
  type ShareCommand,
  type SharedRoute,
  type ShareNews,
} from "./share-messages.js";
import { sharedErrorOf } from "./shared-error.js";

const MAX_STREAMS = 65_536;
const MAX_BUFFERS = 65_536;
const WORDS = 2 ** 32;

/** What a {@link PoolHost} serves, and how it says that it is done. */
export interface PoolHostOptions {
  /** The pool; the thread has a handle on it until `onOver`. */
  readonly core: PoolCore;
  /** Events that may wait for the thread. */
  readonly eventsRing: number;
  /** The thread has closed its handle, or is gone, or broke the rules. Called once. */
  readonly onOver: () => void;
}

/**
 * A pool as one other thread uses it: obeys what comes over the lane, and releases whatever the thread held once it is over.
 * Nothing that comes may throw: a thread that breaks the rules is cut off.
 *
 * ```
 * shared ─attach─▶ attached ─detach, a broken rule, or the thread's end─▶ over
 * ```
 *
 * @see spec/dcquic.md §2, §14, §22, D-32
 */
export class PoolHost implements LaneEnd, HostSurroundings {
  /** Goes to the thread. */
  readonly outbox: LaneOutbox<ShareNews>;
  readonly #options: PoolHostOptions;
  readonly #streams = new Map<number, HostStream>();
  readonly #buffers: HostBuffers;
  readonly #events: HostEvents;
  #nextStream = 0;
  #nextMessage = 0;
  #state: "shared" | "attached" | "over" = "shared";

  /** Waits for a thread to attach. */
  constructor(lane: Lane<ShareNews>, options: PoolHostOptions) {
    const { backend } = options.core;
    this.#options = options;
    this.outbox = new LaneOutbox(lane, defer);
    this.#buffers = new HostBuffers(backend.mainPort.buffers, this.outbox);
    this.#events = new HostEvents(backend, this.outbox, options.eventsRing);
  }

  /** Takes a batch of commands. */
  receive(batch: unknown): void {
    if (!Array.isArray(batch)) return this.#refuse("no batch of commands");
    for (const value of batch) {
      if (this.#state === "over") return;
      const command = readCommand(value);
      if (command === undefined) return this.#refuse("a command that is none");
      try {
        this.#obey(command);
      } catch (error) {
        return this.#refuse(error instanceof Error ? error.message : "a command that fails");
      }
    }
  }

  /** The thread is gone: what it held is released, and its peers hear APP_TERMINATED. */
  lost(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#options.core.acceptors.set(this, undefined);
    this.#events.end();
    for (const stream of this.#streams.values()) stream.lost();
    this.#buffers.lost();
    this.outbox.close();
    this.#options.onOver();
  }

  /** See {@link HostSurroundings}. */
  nextMessage(): number {
    this.#nextMessage = (this.#nextMessage + 1) % WORDS;
    return this.#nextMessage;
  }

  /** See {@link HostSurroundings}. */
  routeOver(peer: string, worker: number): Route | undefined {
    const route = this.#backend.route(peer);
    if (route instanceof Promise) {
      // Whoever asks for the way again learns what becomes of it.
      route.catch(() => {});
      return undefined;
    }
    return route.worker === worker ? route : undefined;
  }

  /** See {@link HostSurroundings}. */
  forget(number: number): void {
    this.#streams.delete(number);
  }

  get #backend(): PoolBackend {
    return this.#options.core.backend;
  }

  #obey(command: ShareCommand): void {
    if (command.kind === "attach") return this.#attach(command.version);
    if (this.#state !== "attached") throw new TypeError("a command before it is attached");
    switch (command.kind) {
      case "detach":
        return this.lost();
      case "route":
        return this.#route(command);
      case "watch":
        return this.#watch(command);
      case "measure":
        return this.#answer(command.request, this.#backend.measure(), (measures) => ({
          kind: "measured",
          request: command.request,
          measures: measures.map(plain),
        }));
      case "open":
        return this.#open(command);
      case "send":
        return this.#send(command);
      case "allocate":
        if (this.#buffers.has(command.buffer) || this.#buffers.size >= MAX_BUFFERS) {
          throw new RangeError(`one buffer too many: ${command.buffer}`);
        }
        return this.#buffers.allocate(command.buffer, command.bytes, command.priority);
      case "fill":
        return this.#buffers.fill(command.buffer, command.sealing);
      case "drop":
        return this.#buffers.drop(command.buffer);
      case "serve": {
        const taker = (incoming: IncomingStream, route: Route): void =>
          this.#offer(incoming, route);
        return this.#options.core.acceptors.set(this, command.isOn ? taker : undefined);
      }
      case "subscribe":
        return command.isOn ? this.#events.begin() : this.#events.end();
      case "heard":
        return this.#events.heard(command.events);
      default:
        return this.#obeyStream(command);
    }
  }

  // Commands and closes cross: what is for a stream that is gone is for nobody.
  #obeyStream(command: ShareCommand & { readonly stream: number }): void {
    const stream = this.#streams.get(command.stream);
    if (stream === undefined) return;
    switch (command.kind) {
      case "end":
        return stream.end();
      case "stop":
        return stream.stop();
      case "release":
        return stream.release(command.message);
      case "abort":
        return stream.abort(command.status, command.reason);
      case "accept":
        return stream.accept(command);
      case "pull":
        return stream.pull(command.windowBytes);
      case "placed":
        return stream.placed(command.bytes);
      default:
    }
  }

  #attach(version: number): void {
    if (this.#state !== "shared") throw new TypeError("attached already");
    if (version !== SHARE_VERSION) throw new TypeError(`version ${version}`);
    this.#state = "attached";
    const { backend, protection } = this.#options.core;
    const { mainPort, name, inlineMaxBytes, layers } = backend;
    const { buffers, recordLog2 } = mainPort;
    const welcome = {
      version: SHARE_VERSION,
      name,
      inlineMaxBytes,
      bufferLimitBytes: buffers.limitBytes,
      recordLog2,
      protection,
      workers: layers.length,
    };
    this.outbox.post({ kind: "attached", welcome });
  }

  #route({ request, peer, dependencies }: ShareCommand & { readonly kind: "route" }): void {
    const asked = async (): Promise<Route> => this.#backend.route(peer, dependencies);
    this.#answer(request, asked(), (route) => ({
      kind: "routed",
      request,
      route: sharedRoute(route),
    }));
  }

  #watch({ request, worker, token, wait }: ShareCommand & { readonly kind: "watch" }): void {
    const layer = this.#backend.layers[worker];
    if (layer === undefined) throw new RangeError(`there is no worker ${worker}`);
    layer.watchToken(token, wait, (how) => this.outbox.post({ kind: "watched", request, how }));
  }

  #answer<T>(request: number, asked: Promise<T>, news: (value: T) => ShareNews): void {
    asked.then(
      (value) => this.outbox.post(news(value)),
      (error: unknown) =>
        this.outbox.post({ kind: "failed", request, error: sharedErrorOf(error) }),
    );
  }

  #open(command: OpenCommand): void {
    const { stream } = command;
    if (stream % 2 === 0 || this.#streams.has(stream)) throw new RangeError(`stream ${stream}`);
    if (this.#streams.size < MAX_STREAMS) {
      this.#streams.set(stream, HostStream.opened(this, command));
      return;
    }
    const outcome = { status: Status.Limit, reason: "too many streams", rootCause: undefined };
    this.outbox.post({ kind: "closed", stream, outcome });
  }

  #send({ stream, payload, isLast, isHeaders, meta, after, track }: SendCommand): void {
    const to = this.#streams.get(stream);
    if (to === undefined) return;
    const ready = typeof payload === "number" ? this.#buffers.lend(payload) : { payload };
    to.send({ ...ready, isLast, isHeaders, meta, after, track });
  }

  #offer(incoming: IncomingStream, route: Route): void {
    if (this.#streams.size >= MAX_STREAMS) return incoming.reject(Status.Overloaded);
    const number = this.#freeNumber();
    this.#streams.set(number, HostStream.offered(this, number, incoming, route));
    const { stream, meta, token, firstBytes } = incoming;
    const { pattern, priority, id } = stream;
    this.outbox.post({
      kind: "offered",
      stream: number,
      route: sharedRoute(route),
      pattern,
      priority,
      id,
      meta: new Uint8Array(meta),
      token,
      firstBytes,
    });
  }

  #freeNumber(): number {
    do this.#nextStream = (this.#nextStream + 2) % WORDS;
    while (this.#streams.has(this.#nextStream));
    return this.#nextStream;
  }

  #refuse(message: string): void {
    if (this.#state === "over") return;
    const error = new DcquicError(
      "dcquic.protocol",
      `a thread broke the rules of a pool: ${message}`,
    );
    this.outbox.post({ kind: "refused", error: sharedErrorOf(error) });
    this.lost();
  }
}

// Only what crosses is told: memory of an earlier packet may be large, and what is measured may be part of an engine.
function sharedRoute({ peer, identity, worker, credentialId, role }: Route): SharedRoute {
  return { peer, identity, worker, credentialId: new Uint8Array(credentialId), role };
}

function plain({ worker, measured }: WorkerMeasure): WorkerMeasure {
  const { counters, stats, load, loopGaps, driver } = measured;
  const shown = { counters: { ...counters }, stats: { ...stats }, load: { ...load }, loopGaps };
  return { worker, measured: driver === undefined ? shown : { ...shown, driver } };
}
