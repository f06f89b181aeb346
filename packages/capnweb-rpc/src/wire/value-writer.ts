import { DEFAULT_MAX_DEPTH, type RpcLimits } from "../limits.js";
import { type BinaryValue, writeBinary } from "./binary-value.js";
import {
  type Collection,
  isCollection,
  memberWriter,
  writeCollection,
} from "./collection-value.js";
import type { NativeValues } from "./encoding-level.js";
import { errorProperties } from "./error-value.js";
import { estimateSize } from "./estimate-size.js";
import { writeRequest, writeResponse } from "./http-value.js";
import type { ReferenceWriter } from "./reference-port.js";
import { unsupportedValue, valueKind } from "./value-kind.js";

/**
 * Writes values as expressions. Nothing of a value is kept: arrays and objects are new, bytes are
 * copied. spec/capnweb.md §5
 */
export class ValueWriter {
  readonly #natives: NativeValues;
  readonly #references: ReferenceWriter;
  readonly #maxErrorSize: number;
  readonly #open: Error[] = [];
  #members: ValueWriter | undefined;

  /** `references` writes what does not cross by value; of `limits` only `maxErrorSize` counts. */
  constructor(
    natives: NativeValues,
    references: ReferenceWriter,
    { maxErrorSize }: Pick<RpcLimits, "maxErrorSize">,
  ) {
    this.#maxErrorSize = maxErrorSize;
    this.#natives = natives;
    this.#references = references;
  }

  /**
   * Writes `value`, which sits at level `depth` of its message.
   *
   * @throws TypeError for a value that cannot cross; Error beyond 256 levels.
   */
  write(value: unknown, depth: number): unknown {
    if (depth >= DEFAULT_MAX_DEPTH) throw tooDeep();
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        return Number.isFinite(value) || this.#natives.scalars ? value : writeNonFinite(value);
      case "undefined":
        return this.#natives.scalars ? value : ["undefined"];
      case "bigint":
        return this.#natives.scalars ? value : ["bigint", value.toString()];
      case "object":
        return value === null ? value : this.#writeObject(value, depth);
      case "function":
        return this.#references.writeReference(value);
      case "symbol":
        throw unsupportedValue(value);
    }
  }

  /** Writes the elements of an array without wrapping them, as the arguments of a call are. */
  writeElements(values: readonly unknown[], depth: number): unknown[] {
    const { length } = values;
    const written: unknown[] = [];
    for (let at = 0; at < length; at++) written.push(this.write(values[at], depth));
    return written;
  }

  #writeObject(value: object, depth: number): unknown {
    switch (valueKind(value)) {
      case "object":
        return this.#writeMembers(value as Readonly<Record<string, unknown>>, depth);
      case "array":
        return [this.writeElements(value as readonly unknown[], depth + 1)];
      case "date":
        return this.#writeDate(value as Date);
      case "bytes":
        return writeBinary(value as BinaryValue, this.#natives);
      case "error":
        return this.#writeError(value as Error, depth);
      case "url":
        return ["url", (value as URL).href];
      case "headers":
        return ["headers", [...(value as Headers)]];
      case "request":
        return writeRequest(value as Request, (body) => this.#references.writeReadable(body));
      case "response":
        return writeResponse(value as Response, (body) => this.#references.writeReadable(body));
      case "blob":
        return this.#references.writeBlob(value as Blob);
      case "readable":
        return this.#references.writeReadable(value as ReadableStream);
      case "writable":
        return this.#references.writeWritable(value as WritableStream);
      case "stub":
      case "target":
      case "function":
        return this.#references.writeReference(value);
      case "unsupported":
        if (this.#natives.collections === true && isCollection(value)) {
          return this.#writeCollection(value, depth);
        }
        throw unsupportedValue(value);
      case "primitive":
      case "undefined":
      case "bigint":
        throw unsupportedValue(value);
    }
  }

  #writeCollection(value: Collection, depth: number): unknown[] {
    this.#members ??= new ValueWriter(this.#natives, memberWriter(this.#references), {
      maxErrorSize: this.#maxErrorSize,
    });
    const members = this.#members;
    return writeCollection(value, (member) => members.write(member, depth + 2));
  }

  #writeMembers(value: Readonly<Record<string, unknown>>, depth: number): object {
    const written: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      // Assigned, this name would set a prototype; the receiver drops it in any case.
      if (key !== "__proto__") written[key] = this.write(value[key], depth + 1);
    }
    return written;
  }

  #writeDate(date: Date): unknown {
    if (this.#natives.scalars) return new Date(date);
    const ms = date.getTime();
    return ["date", Number.isNaN(ms) ? null : ms];
  }

  #writeError(original: Error, depth: number): unknown[] {
    // An error among its own properties would be written for ever, once per path to it.
    if (this.#open.includes(original)) throw tooDeep();
    const replaced = this.#references.replaceError(original);
    const error = replaced ?? original;
    this.#open.push(original);
    try {
      const { name, message } = error as { readonly name: unknown; readonly message: unknown };
      const written: unknown[] = ["error", textOr("Error", name), textOr("", message)];
      const stack = replaced?.stack;
      if (typeof stack === "string") written.push(stack);
      const properties = this.#writeProperties(error, depth);
      if (properties !== undefined) {
        if (written.length === 3) written.push(null);
        written.push(properties);
      }
      return written;
    } finally {
      this.#open.pop();
    }
  }

  /**
   * A property that cannot cross, or is too large, is left out as a whole: the error itself always
   * gets through. spec/capnweb.md §11.1, §13
   */
  #writeProperties(error: Error, depth: number): object | undefined {
    let written: Record<string, unknown> | undefined;
    let room = this.#maxErrorSize;
    for (const name of errorProperties(error)) {
      const mark = this.#references.mark();
      try {
        const value = (error as unknown as Readonly<Record<string, unknown>>)[name];
        const expression = this.write(value, depth + 1);
        const size = estimateSize({ [name]: expression });
        if (size > room) {
          this.#references.takeBack(mark);
          continue;
        }
        room -= size;
        written ??= {};
        if (name !== "__proto__") written[name] = expression;
      } catch {
        this.#references.takeBack(mark);
      }
    }
    return written;
  }
}

function writeNonFinite(value: number): unknown[] {
  if (Number.isNaN(value)) return ["nan"];
  return [value > 0 ? "inf" : "-inf"];
}

function textOr(usual: string, value: unknown): string {
  return typeof value === "string" ? value : usual;
}

/** The refusal of a value nested too deeply. spec/capnweb.md §5.2 */
export function tooDeep(): Error {
  return new Error(
    "Serialization exceeded maximum allowed depth. (Does the message contain cycles?)",
  );
}
