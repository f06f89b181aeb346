import type { Hook } from "../core/hook.js";
import type { ReferenceScope } from "../core/payload-reader.js";
import type { MonotonicClock } from "../streams/monotonic-clock.js";
import { Pipe } from "../streams/pipe.js";
import { remoteWritable } from "../streams/remote-writable.js";
import type { StreamBudget } from "../streams/stream-budget.js";
import type { StreamLine } from "../streams/stream-sender.js";
import { unknownValue } from "../wire/value-reader.js";
import type { ExportTable } from "./export-table.js";
import type { ImportTable } from "./import-table.js";

/** What the scope of a session stands on. */
export interface SessionScopeParts {
  readonly exports: ExportTable;
  readonly imports: ImportTable;
  /** Where the writes of the peer's streams go. */
  readonly line: StreamLine;
  readonly clock: MonotonicClock;
  readonly budget: StreamBudget;
  /** Whether the peer may send `Map`, `Set` and `RegExp`. */
  readonly collections: boolean;
  readonly errorClasses: ReferenceScope["errorClasses"];
}

/** What references mean in the peer's messages: its ids stand for entries of the tables, and for pipes. §6 */
export class SessionScope implements ReferenceScope {
  readonly #parts: SessionScopeParts;
  // Most sessions have none.
  #pipes: Map<number, Pipe> | undefined;

  constructor(parts: SessionScopeParts) {
    this.#parts = parts;
  }

  /** @see ReferenceReader.collections */
  get collections(): boolean {
    return this.#parts.collections;
  }

  /** @see ReferenceReader.errorClasses */
  get errorClasses(): ReferenceScope["errorClasses"] {
    return this.#parts.errorClasses;
  }

  /** @see ReferenceScope.lookup */
  lookup(id: number): Hook {
    const entry = this.#parts.exports.get(id);
    if (entry === undefined) throw new Error(`no such entry on exports table: ${id}`);
    return entry.hook;
  }

  /** @see ReferenceScope.introduce */
  introduce(kind: "export" | "promise", id: number): Hook {
    return this.#parts.imports.introduce(kind, id);
  }

  /** @see ReferenceScope.capture */
  capture(expression: unknown): Hook | undefined {
    if (!Array.isArray(expression) || expression.length !== 2) return undefined;
    const [tag, id] = expression as readonly unknown[];
    if (typeof id !== "number" || !Number.isSafeInteger(id)) return undefined;
    if (tag === "import") return this.lookup(id).dup();
    return tag === "export" && id < 0 ? this.introduce("export", id) : undefined;
  }

  /** @see ReferenceScope.takeReadable */
  takeReadable(id: number): { readonly stream: ReadableStream; readonly hook: Hook } {
    const pipe = this.#pipes?.get(id);
    if (pipe === undefined) {
      throw new Error(`Export ${id} is not a pipe or its readable end was already consumed.`);
    }
    this.#pipes?.delete(id);
    return pipe.take();
  }

  /** @see ReferenceScope.openWritable */
  openWritable(id: number): { readonly stream: WritableStream; readonly hook: Hook } {
    if (id >= 0) throw unknownValue(["writable", id]);
    const { line, clock } = this.#parts;
    return remoteWritable(line, this.introduce("export", id), clock);
  }

  /** Makes the pipe that the peer asks for. spec/capnweb.md §9.2 */
  addPipe(): void {
    const pipe = new Pipe(this.#parts.budget);
    this.#pipes ??= new Map();
    this.#pipes.set(this.#parts.exports.addPushed(pipe.writable), pipe);
  }

  /** Subtracts what the peer gives back. @throws Error as {@link ExportTable.release} does. */
  release(id: number, count: number): void {
    const { exports } = this.#parts;
    exports.release(id, count);
    if (exports.get(id) === undefined) this.#pipes?.delete(id);
  }
}
