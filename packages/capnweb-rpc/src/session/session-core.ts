import { type Capability, disposedError, failedHook, Hook, type Path } from "../core/hook.js";
import type { DropWatch } from "../core/drop-watch.js";
import { Payload } from "../core/payload.js";
import { PayloadReader, type ReferenceScope, rootHook } from "../core/payload-reader.js";
import type { MonotonicClock } from "../streams/monotonic-clock.js";
import { pump } from "../streams/pump.js";
import { StreamBudget } from "../streams/stream-budget.js";
import { type Acknowledged, type StreamLine, StreamSender } from "../streams/stream-sender.js";
import type { RpcLimits } from "../limits.js";
import type { MapProgram } from "../map/map-program.js";
import type { NativeValues } from "../wire/encoding-level.js";
import { Answers } from "./answers.js";
import type { ErrorPolicy } from "./error-policy.js";
import { ExportTable } from "./export-table.js";
import { ExportWriter } from "./export-writer.js";
import { ImportTable } from "./import-table.js";
import type { Outlet } from "./outlet.js";
import { RefusingScope } from "./refusing-scope.js";
import { type BrokenRegistration, PeerCapability } from "./peer-capability.js";
import type { SessionHooks } from "./session-hooks.js";
import { SessionScope } from "./session-scope.js";

/** What a session needs from outside. */
export interface SessionParts {
  readonly outlet: Outlet;
  /** The local main object; the session takes it over. */
  readonly main: Hook;
  readonly limits: RpcLimits;
  readonly natives: NativeValues;
  /** Whether the peer may send `Map`, `Set` and `RegExp`. */
  readonly takesCollections: boolean;
  /** Classes of the application for errors of the peer. */
  readonly errorClasses: ReferenceScope["errorClasses"];
  readonly errors: ErrorPolicy;
  /** Measures the round trips of streams. */
  readonly clock: MonotonicClock;
  /** Hears of every result that is asked for. */
  readonly pulled?: SessionHooks["pulled"];
  /** Refuses what the peer pushes. */
  readonly refusal?: SessionHooks["refusal"];
  /** Finds what the application drops; absent where that is kept. */
  readonly dropWatch: DropWatch | undefined;
  /** Hears that the session is over, after the peer has been told. */
  readonly ended: (reason: unknown) => void;
}

/**
 * The protocol of one session, without its transport. `receive` takes the peer's messages, in order;
 * `call`, `read`, `map`, `pull` and `forget` are what references to the peer's objects ask for.
 *
 * open ── protocol error, transport failure, peer's abort, main stub disposed ──▶ ended
 *
 * spec/capnweb.md §3, §4, §12
 */
export class SessionCore implements StreamLine {
  /** Every callback of `onRpcBroken`, in the order registered. */
  readonly registrations: Set<BrokenRegistration> = new Set();
  /** The peer's main object. */
  readonly remoteMain: PeerCapability = new PeerCapability(this, 0, "object");
  /** What waits in the streams of this session. */
  readonly streamBudget: StreamBudget;
  /** Finds what the application drops. */
  readonly dropWatch: DropWatch | undefined;
  readonly #parts: SessionParts;
  readonly #exports: ExportTable;
  readonly #imports: ImportTable;
  readonly #answers: Answers;
  readonly #writer: ExportWriter;
  readonly #scope: SessionScope;
  readonly #reader: PayloadReader;
  #end: { readonly reason: unknown } | undefined;

  /** The session is open at once: there is no handshake. */
  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.dropWatch = parts.dropWatch;
    this.streamBudget = new StreamBudget(parts.limits);
    this.#imports = new ImportTable(this, parts.outlet, parts.limits.maxImports);
    this.#exports = new ExportTable(parts.main, parts.limits.maxExports);
    this.#writer = new ExportWriter(this, this.#exports, parts.errors, parts.natives, parts.limits);
    this.#answers = new Answers(this.#exports, this.#writer, parts.outlet);
    this.#scope = new SessionScope({
      exports: this.#exports,
      imports: this.#imports,
      line: this,
      clock: parts.clock,
      budget: this.streamBudget,
      collections: parts.takesCollections,
      errorClasses: parts.errorClasses,
    });
    this.#reader = new PayloadReader(parts.limits, this.#scope);
  }

  /** Whether the session is over. */
  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** How many entries both tables have, the main objects included. */
  get stats(): { imports: number; exports: number } {
    return { imports: this.#imports.size, exports: this.#exports.size };
  }

  /** Takes one message of the peer. Whatever is wrong with it ends the session, and is not thrown. */
  receive(message: unknown): void {
    if (this.#end !== undefined) return;
    this.dropWatch?.flush();
    try {
      this.#dispatch(message);
    } catch (error) {
      this.fail(error, { tellPeer: true });
    }
  }

  /** Resolves when every result that the peer asked for has been sent. spec/capnweb.md §12.4 */
  drain(): Promise<void> {
    return this.#answers.drain();
  }

  /** Ends the session; only the first reason counts. spec/capnweb.md §12.1 */
  fail(cause: unknown, { tellPeer }: { readonly tellPeer: boolean }): void {
    if (this.#end !== undefined) return;
    const reason = cause === undefined ? "undefined" : cause;
    this.#end = { reason };
    if (tellPeer) this.#parts.outlet.abort(this.#writer.writeFailure(reason));
    this.#answers.fail(reason);
    this.#parts.ended(reason);
    for (const { callback } of this.registrations) report(() => callback(reason));
    this.registrations.clear();
    this.#imports.fail(reason);
    this.#exports.clear(reason);
  }

  /** Whether `capability` is the peer's, and still has its place in the import table. */
  hosts(capability: Capability): capability is PeerCapability {
    return (
      capability instanceof PeerCapability &&
      capability.session === this &&
      capability.resolution === undefined
    );
  }

  /** Sends a call. @throws TypeError for arguments that cannot cross: nothing has been sent then. */
  call(peer: PeerCapability, path: Path, args: Payload): Hook {
    if (this.#end !== undefined) {
      args.dispose();
      return failedHook(this.#end.reason);
    }
    this.#sendCall("call", peer, path, args);
    return new Hook(this.#imports.push("result"));
  }

  /**
   * Sends a call as one `stream` message: its answer needs no asking and no release, and nothing can
   * refer to it before. spec/capnweb.md §20.8
   *
   * @throws TypeError for arguments that cannot cross: nothing has been sent then.
   */
  callOnce(peer: PeerCapability, path: Path, args: Payload): Hook {
    if (this.#end !== undefined) {
      args.dispose();
      return failedHook(this.#end.reason);
    }
    this.#sendCall("stream", peer, path, args);
    return this.#imports.pushOnce();
  }

  /** Pushes nothing, which runs nothing: its answer shows that the peer is alive. spec/capnweb.md §4.5 */
  probe(): Hook {
    if (this.#end !== undefined) return failedHook(this.#end.reason);
    this.#parts.outlet.push(null);
    return new Hook(this.#imports.push("result"));
  }

  /** Fails `peer`, a promise, here with `reason`, and gives it back. spec/capnweb.md §20.5 */
  abandon(peer: PeerCapability, reason: unknown): void {
    if (this.#end !== undefined || this.#imports.get(peer.id) !== peer) return;
    this.#imports.resolve(peer.id, failedHook(reason));
  }

  /** Reads a property. */
  read(peer: PeerCapability, path: Path): Hook {
    if (this.#end !== undefined) return failedHook(this.#end.reason);
    this.#parts.outlet.push(["pipeline", peer.id, path]);
    return new Hook(this.#imports.push("result"));
  }

  /** Sends a recorded mapper; consumes `captures`. */
  map(
    peer: PeerCapability,
    path: Path,
    captures: readonly Hook[],
    { instructions }: MapProgram,
  ): Hook {
    if (this.#end !== undefined) {
      for (const capture of captures) capture.dispose();
      return failedHook(this.#end.reason);
    }
    const written = captures.map((capture) => this.#writer.writeCapture(capture));
    this.#parts.outlet.push(["remap", peer.id, path, written, instructions]);
    return new Hook(this.#imports.push("result"));
  }

  /** @see StreamLine.stream */
  stream(target: Hook, method: string, args: readonly unknown[], done: Acknowledged): number {
    const { capability } = target;
    if (this.#end !== undefined || target.disposed || !this.hosts(capability)) {
      const reason = this.#end?.reason ?? disposedError();
      queueMicrotask(() => done({ reason }));
      return 0;
    }
    const written = this.#writer.writeArguments(new Payload(args, "borrowed"));
    const size = this.#parts.outlet.stream(capability.id, [method], written.expression);
    for (const id of written.promises) this.#answers.answer(id);
    this.#imports.pushChunk(done);
    return size;
  }

  /** Opens a pipe and pumps `stream` into it. spec/capnweb.md §9.2 */
  sendReadable(stream: ReadableStream): {
    readonly id: number;
    readonly stop: (reason: unknown) => void;
  } {
    if (stream.locked) throw new TypeError("The ReadableStream is locked.");
    this.#parts.outlet.pipe();
    const peer = this.#imports.push("object");
    const target = new Hook(peer);
    const stop = pump(
      stream,
      (failed) => new StreamSender(this, target, this.#parts.clock, failed),
    );
    return { id: peer.id, stop };
  }

  /** Asks the peer for a result. */
  pull(peer: PeerCapability): void {
    if (this.#end !== undefined) return;
    this.#parts.outlet.pull(peer.id);
    const { pulled } = this.#parts;
    if (pulled !== undefined) peer.watch(pulled(peer));
  }

  /** Gives the peer's object back: its last reference here is gone. */
  forget(peer: PeerCapability): void {
    if (this.#end !== undefined) return;
    if (peer === this.remoteMain) {
      const reason = new Error("RPC session was shut down by disposing the main stub");
      return this.fail(reason, { tellPeer: false });
    }
    this.#imports.delete(peer.id);
    this.#parts.outlet.release(peer.id, peer.introductions);
  }

  #sendCall(form: "call" | "stream", peer: PeerCapability, path: Path, args: Payload): void {
    try {
      const { expression, promises } = this.#writer.writeArguments(args);
      this.#parts.outlet[form](peer.id, path, expression);
      for (const id of promises) this.#answers.answer(id);
    } finally {
      args.dispose();
    }
  }

  #dispatch(message: unknown): void {
    if (Array.isArray(message)) {
      const [type, first, second] = message as readonly unknown[];
      switch (type) {
        case "push":
          if (message.length < 2) break;
          this.#exports.addPushed(this.#pushed(first));
          return;
        case "pull":
          if (typeof first !== "number") break;
          return this.#answers.answer(first);
        case "resolve":
          if (typeof first !== "number" || message.length < 3) break;
          return this.#imports.resolve(first, rootHook(this.#reader.read(second)));
        case "reject":
          if (typeof first !== "number" || message.length < 3) break;
          return this.#imports.reject(first, this.#reader.read(second));
        case "release":
          if (typeof first !== "number" || !isCount(second)) break;
          return this.#scope.release(first, second);
        case "stream":
          if (message.length < 2) break;
          return this.#answers.answerOnce(this.#exports.addPushed(this.#pushed(first)));
        case "pipe":
          return this.#scope.addPipe();
        case "abort":
          if (message.length < 2) break;
          return this.fail(this.#reader.read(first).value, { tellPeer: false });
        default:
      }
    }
    throw new Error(`bad RPC message: ${JSON.stringify(message)}`);
  }

  #pushed(expression: unknown): Hook {
    const refusal = this.#parts.refusal?.() ?? this.#overload();
    if (refusal === undefined) return this.#reader.readHook(expression);
    const scope = new RefusingScope(this.#scope, refusal);
    return new PayloadReader(this.#parts.limits, scope).readHook(expression);
  }

  #overload(): RangeError | undefined {
    const { maxOutstandingCalls } = this.#parts.limits;
    if (this.#answers.outstanding < maxOutstandingCalls) return undefined;
    return new RangeError(`More than ${maxOutstandingCalls} calls are outstanding.`);
  }
}

function isCount(count: unknown): count is number {
  return typeof count === "number" && Number.isSafeInteger(count) && count > 0;
}

/** Runs a callback of the application; what it throws is reported, and stops nothing. */
function report(run: () => void): void {
  try {
    run();
  } catch (error) {
    void Promise.reject(error);
  }
}
