import { type Capability, disposedError, failedHook, Hook, type Path } from "../core/hook.js";
import type { DropWatch } from "../core/drop-watch.js";
import { Payload } from "../core/payload.js";
import { pump } from "../streams/pump.js";
import { StreamBudget } from "../streams/stream-budget.js";
import { type Acknowledged, type StreamLine, StreamSender } from "../streams/stream-sender.js";
import type { MapProgram } from "../map/map-program.js";
import { Answers } from "./answers.js";
import { ExportTable } from "./export-table.js";
import { ExportWriter } from "./export-writer.js";
import { ImportTable } from "./import-table.js";
import { MessageIntake } from "./message-intake.js";
import { type BrokenRegistration, PeerCapability } from "./peer-capability.js";
import type { SessionParts } from "./session-parts.js";
import { SessionScope } from "./session-scope.js";

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
  readonly #intake: MessageIntake;
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
    const tables = { exports: this.#exports, imports: this.#imports };
    const scope = new SessionScope({
      ...tables,
      line: this,
      clock: parts.clock,
      budget: this.streamBudget,
      collections: parts.takesCollections,
      errorClasses: parts.errorClasses,
    });
    this.#intake = new MessageIntake({
      ...tables,
      answers: this.#answers,
      scope,
      limits: parts.limits,
      refusal: parts.refusal,
      aborted: (reason) => this.fail(reason, { tellPeer: false }),
    });
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
      this.#intake.take(message);
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
}

/** Runs a callback of the application; what it throws is reported, and stops nothing. */
function report(run: () => void): void {
  try {
    run();
  } catch (error) {
    void Promise.reject(error);
  }
}
