import { Hook } from "../core/hook.js";
import { duplicateTarget } from "../core/own-value.js";
import type { Payload } from "../core/payload.js";
import { handleOf } from "../core/stub-handle.js";
import { targetHook } from "../core/target-capability.js";
import { WritableCapability } from "../streams/writable-capability.js";
import { isStub } from "../stub-mark.js";
import type { RpcLimits } from "../limits.js";
import type { NativeValues } from "../wire/encoding-level.js";
import type { ReferenceWriter } from "../wire/reference-port.js";
import { ValueWriter } from "../wire/value-writer.js";
import type { ErrorPolicy } from "./error-policy.js";
import type { ExportTable } from "./export-table.js";
import type { SessionCore } from "./session-core.js";

/** What was exported on the way: to be pulled once sent, or taken back if it is not. */
export interface Written<T> {
  readonly expression: T;
  /** Promises to answer for, now that the peer is about to hear of them. */
  readonly promises: readonly number[];
}

type Exported =
  | { readonly id: number; readonly kind: "export" | "promise" | "writable" }
  | { readonly id: number; readonly kind: "pipe"; readonly stop: (reason: unknown) => void };

/** Writes values for the peer of one session; their references go into its export table. §6.3 */
export class ExportWriter implements ReferenceWriter {
  readonly #session: SessionCore;
  readonly #exports: ExportTable;
  readonly #errors: ErrorPolicy;
  readonly #values: ValueWriter;
  #exported: Exported[] | undefined;
  #payload: Payload | undefined;

  constructor(
    session: SessionCore,
    exports: ExportTable,
    errors: ErrorPolicy,
    natives: NativeValues,
    limits: RpcLimits,
  ) {
    this.#session = session;
    this.#exports = exports;
    this.#errors = errors;
    this.#values = new ValueWriter(natives, this, limits);
  }

  /** Writes the arguments of a call. @throws what {@link ValueWriter.write} does: nothing is kept then. */
  writeArguments(args: Payload): Written<unknown[]> {
    return this.#write(args, "arguments") as Written<unknown[]>;
  }

  /** Writes a result. @throws what {@link ValueWriter.write} does: nothing is kept then. */
  writeResult(payload: Payload): Written<unknown> {
    return this.#write(payload, "value");
  }

  /** Writes what was thrown. It holds no references; what cannot be written gives way to why. §11 */
  writeFailure(reason: unknown): unknown {
    const payload = this.#payload;
    this.#payload = undefined;
    try {
      return this.#values.write(reason, 0);
    } catch (error) {
      return this.#values.write(error, 0);
    } finally {
      this.#payload = payload;
    }
  }

  /** Exports a capture of a mapper, which is taken over. */
  writeCapture(hook: Hook): unknown[] {
    const capability = hook.capability.standsFor;
    if (this.#session.hosts(capability)) {
      hook.dispose();
      return ["import", capability.id];
    }
    return ["export", this.#exports.addChosen(hook)];
  }

  /** @see ReferenceWriter.writeReference */
  writeReference(value: object): unknown {
    const payload = this.#payload;
    if (payload === undefined) throw new Error("Can't serialize RPC stubs in this context.");
    if (!isStub(value)) return this.#export("export", this.#targetHook(payload, value));
    const { hook, path } = handleOf(value);
    const capability = hook.capability.standsFor;
    if (!hook.disposed && this.#session.hosts(capability)) {
      const tag = path === undefined ? "import" : "pipeline";
      return path === undefined || path.length === 0
        ? [tag, capability.id]
        : [tag, capability.id, path];
    }
    return this.#export(path === undefined ? "export" : "promise", hook.get(path ?? []));
  }

  /** @see ReferenceWriter.writeReadable */
  writeReadable(stream: ReadableStream): unknown[] {
    if (this.#payload === undefined) {
      throw new Error("Can't serialize ReadableStream in this context.");
    }
    const { id, stop } = this.#session.sendReadable(stream);
    this.#note({ id, kind: "pipe", stop });
    return ["readable", id];
  }

  /** @see ReferenceWriter.writeWritable */
  writeWritable(stream: WritableStream): unknown[] {
    if (this.#payload === undefined) {
      throw new Error("Can't serialize WritableStream in this context.");
    }
    return this.#export(
      "writable",
      new Hook(new WritableCapability(stream, this.#session.streamBudget)),
    );
  }

  /** @see ReferenceWriter.writeBlob */
  writeBlob(blob: Blob): unknown[] {
    return ["blob", blob.type, this.writeReadable(blob.stream())];
  }

  /** @see ReferenceWriter.replaceError */
  replaceError(error: Error): Error | undefined {
    return this.#errors.replace(error);
  }

  /** @see ReferenceWriter.mark */
  mark(): number {
    return this.#exported?.length ?? 0;
  }

  /** @see ReferenceWriter.takeBack */
  takeBack(mark: number): void {
    if (this.#exported === undefined) return;
    for (const exported of this.#exported.splice(mark).toReversed()) {
      if (exported.kind === "pipe") exported.stop(new Error("The message could not be sent."));
      else this.#exports.takeBack(exported.id);
    }
  }

  #write(payload: Payload, form: "arguments" | "value"): Written<unknown> {
    const outer = this.#exported;
    const outerPayload = this.#payload;
    this.#exported = undefined;
    this.#payload = payload;
    try {
      const expression =
        form === "value"
          ? this.#values.write(payload.value, 0)
          : this.#values.writeElements(payload.value as unknown[], 1);
      const exported = this.#exported as Exported[] | undefined;
      if (exported === undefined) return { expression, promises: none };
      return {
        expression,
        promises: exported.filter((e) => e.kind === "promise").map((e) => e.id),
      };
    } catch (error) {
      this.takeBack(0);
      throw error;
    } finally {
      this.#exported = outer;
      this.#payload = outerPayload;
    }
  }

  #export(tag: "export" | "promise" | "writable", hook: Hook): unknown[] {
    const id = this.#exports.addChosen(hook);
    this.#note({ id, kind: tag });
    return [tag, id];
  }

  #note(exported: Exported): void {
    if (this.#exported === undefined) this.#exported = [exported];
    else this.#exported.push(exported);
  }

  /** A given value keeps its targets for pipelined calls: it and the peer share one reference each. */
  #targetHook(payload: Payload, target: object): Hook {
    if (payload.origin === "borrowed") return targetHook(duplicateTarget(target), undefined);
    const hook = targetHook(target, undefined);
    payload.exported ??= new Map();
    const before = payload.exported.get(target);
    if (before === undefined) payload.exported.set(target, [hook]);
    else before.push(hook);
    return hook.dup();
  }
}

const none: readonly number[] = [];
