import type { PullSink } from "../core/hook.js";
import type { Payload } from "../core/payload.js";
import type { ExportEntry, ExportTable } from "./export-table.js";
import type { ExportWriter } from "./export-writer.js";
import type { Outlet } from "./outlet.js";

interface Drain {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** The results that the peer has asked for, and those who wait for all of them. spec/capnweb.md §4.2 */
export class Answers {
  readonly #exports: ExportTable;
  readonly #writer: ExportWriter;
  readonly #outlet: Outlet;
  #outstanding = 0;
  #drains: Drain[] = [];
  #end: { readonly reason: unknown } | undefined;

  /** Answers for the entries of `exports`. */
  constructor(exports: ExportTable, writer: ExportWriter, outlet: Outlet) {
    this.#exports = exports;
    this.#writer = writer;
    this.#outlet = outlet;
  }

  /** How many results the peer waits for. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** Sends `resolve` or `reject` for an entry as soon as it can. @throws Error for an unknown id. */
  answer(id: number): void {
    const entry = this.#exports.get(id);
    if (entry === undefined) throw new Error(`no such export ID: ${id}`);
    if (entry.pulled) return;
    entry.pulled = true;
    this.#outstanding++;
    entry.hook.pull(new Answer(this, id, entry));
  }

  /** Sends the answer of an entry that nothing will refer to, and drops it then. */
  answerOnce(id: number): void {
    const hook = this.#exports.get(id)?.hook.dup();
    const drop = (): void => {
      hook?.dispose();
      if (this.#exports.get(id) !== undefined) this.#exports.release(id, 1);
    };
    this.answer(id);
    hook?.pull({ resolved: drop, rejected: drop });
  }

  /** Sends a result, unless nobody waits for it any more. */
  resolve(id: number, entry: ExportEntry, payload: Payload): void {
    if (this.#wanted(id, entry)) this.#send(id, payload);
    this.#finished();
  }

  /** Sends a failure, unless nobody waits for it any more. */
  reject(id: number, entry: ExportEntry, reason: unknown): void {
    if (this.#wanted(id, entry)) this.#outlet.reject(id, this.#writer.writeFailure(reason));
    this.#finished();
  }

  /** Resolves when every result that the peer asked for has been sent. spec/capnweb.md §12.4 */
  drain(): Promise<void> {
    if (this.#end !== undefined) return Promise.reject(this.#end.reason);
    if (this.#outstanding === 0) return Promise.resolve();
    return new Promise((resolve, reject) => this.#drains.push({ resolve, reject }));
  }

  /** Sends nothing more, and fails those who wait. */
  fail(reason: unknown): void {
    this.#end = { reason };
    for (const { reject } of this.#drains.splice(0)) reject(reason);
  }

  /** Released meanwhile: nobody waits for the answer. spec/capnweb.md §4.4 */
  #wanted(id: number, entry: ExportEntry): boolean {
    return this.#end === undefined && this.#exports.get(id) === entry;
  }

  #send(id: number, payload: Payload): void {
    let written;
    try {
      written = this.#writer.writeResult(payload);
    } catch (error) {
      this.#outlet.reject(id, this.#writer.writeFailure(error));
      return;
    }
    this.#outlet.resolve(id, written.expression);
    for (const promise of written.promises) this.answer(promise);
  }

  #finished(): void {
    if (--this.#outstanding > 0 || this.#drains.length === 0) return;
    for (const { resolve } of this.#drains.splice(0)) resolve();
  }
}

/** Waits for one result. */
class Answer implements PullSink {
  readonly #answers: Answers;
  readonly #id: number;
  readonly #entry: ExportEntry;

  constructor(answers: Answers, id: number, entry: ExportEntry) {
    this.#answers = answers;
    this.#id = id;
    this.#entry = entry;
  }

  resolved(payload: Payload): void {
    this.#answers.resolve(this.#id, this.#entry, payload);
  }

  rejected(reason: unknown): void {
    this.#answers.reject(this.#id, this.#entry, reason);
  }
}
