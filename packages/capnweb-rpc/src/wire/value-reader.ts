import type { RpcLimits } from "../limits.js";
import { readBinary } from "./binary-value.js";
import { memberReader, readCollection } from "./collection-value.js";
import { isErrorProperty, makeError } from "./error-value.js";
import { estimateSize } from "./estimate-size.js";
import { isFilteredKey } from "./filtered-key.js";
import { buildRequest, buildResponse, isBody } from "./http-value.js";
import { malformed, type ReferenceReader, type Slot } from "./reference-port.js";

type Expression = readonly unknown[];

/**
 * Evaluates expressions. Total: any tree gives a value, or an error that says what is wrong with it.
 * spec/capnweb.md §5
 */
export class ValueReader {
  readonly #limits: RpcLimits;
  readonly #references: ReferenceReader;
  #members: ValueReader | undefined;

  /** `references` evaluates what does not cross by value. */
  constructor(limits: RpcLimits, references: ReferenceReader) {
    this.#limits = limits;
    this.#references = references;
  }

  /**
   * Evaluates `expression`, which sits at level `depth` of its message and whose value will be put
   * into `parent[key]`.
   *
   * @throws TypeError `unknown special value: …`, or naming the limit that is exceeded.
   */
  read(expression: unknown, depth: number, parent: object, key: string | number): unknown {
    if (depth >= this.#limits.maxDepth) {
      throw new TypeError(
        `Deserialization exceeded maximum allowed message depth of ${this.#limits.maxDepth}.`,
      );
    }
    if (typeof expression !== "object" || expression === null) return expression;
    if (!Array.isArray(expression)) return this.#readObject(expression, depth);
    const tagged: Expression = expression;
    const first = tagged[0];
    if (Array.isArray(first) && tagged.length === 1) return this.readElements(first, depth + 1);
    if (typeof first === "string") {
      const value = this.#readTagged(first, tagged, depth, { parent, key });
      if (value !== malformed) return value;
    }
    throw unknownValue(tagged);
  }

  /** Evaluates the elements of an array that is not wrapped, as the arguments of a call are. */
  readElements(expressions: Expression, depth: number): unknown[] {
    const values: unknown[] = [];
    for (let at = 0; at < expressions.length; at++) {
      values.push(this.read(expressions[at], depth, values, at));
    }
    return values;
  }

  #readObject(expression: object, depth: number): unknown {
    if (expression instanceof Date) return expression;
    const members = expression as Readonly<Record<string, unknown>>;
    const value: Record<string, unknown> = {};
    for (const key of Object.keys(members)) {
      if (isFilteredKey(key)) this.read(members[key], depth + 1, {}, key);
      else value[key] = this.read(members[key], depth + 1, value, key);
    }
    return value;
  }

  #readTagged(tag: string, expression: Expression, depth: number, slot: Slot): unknown {
    switch (tag) {
      case "undefined":
        return expression.length === 1 ? undefined : malformed;
      case "inf":
        return Infinity;
      case "-inf":
        return -Infinity;
      case "nan":
        return NaN;
      case "bigint":
        return this.#readBigInt(expression[1]);
      case "date":
        return readDate(expression[1]);
      case "bytes":
        return readBinary(expression) ?? malformed;
      case "error":
        return this.#readError(expression, depth);
      case "url":
        return expression.length === 2 && typeof expression[1] === "string"
          ? new URL(expression[1])
          : malformed;
      case "headers":
        return expression.length === 2 && Array.isArray(expression[1])
          ? new Headers(expression[1] as [string, string][])
          : malformed;
      case "request":
        return this.#readRequest(expression, depth);
      case "response":
        return this.#readResponse(expression, depth);
      case "blob":
        return expression.length === 3 &&
          typeof expression[1] === "string" &&
          Array.isArray(expression[2])
          ? this.#references.readBlob(expression[1], expression[2], slot)
          : malformed;
      case "export":
      case "promise":
      case "import":
      case "pipeline":
      case "remap":
      case "readable":
      case "writable":
        return this.#references.readReference(expression, depth, slot);
      default:
        return this.#references.collections === true
          ? this.#readCollection(expression, depth)
          : malformed;
    }
  }

  #readCollection(expression: Expression, depth: number): unknown {
    this.#members ??= new ValueReader(this.#limits, memberReader(this.#references.errorClasses));
    const members = this.#members;
    return readCollection(expression, (member) => members.read(member, depth + 2, {}, "member"));
  }

  #readBigInt(digits: unknown): unknown {
    if (typeof digits === "bigint") return digits;
    if (typeof digits !== "string") return malformed;
    const { maxBigIntDigits } = this.#limits;
    if (digits.length > maxBigIntDigits) {
      throw new TypeError(
        `Deserialized bigint exceeds maximum length of ${maxBigIntDigits} digits.`,
      );
    }
    return /^-?[0-9]+$/.test(digits) ? BigInt(digits) : malformed;
  }

  #readError(expression: Expression, depth: number): unknown {
    const [, name, message, stack, properties] = expression;
    if (typeof name !== "string" || typeof message !== "string") return malformed;
    const error = makeError(name, message, stack, this.#references.errorClasses);
    if (expression.length < 5) return error;
    if (!isPlain(properties)) return malformed;
    let room = this.#limits.maxErrorSize;
    for (const key of Object.keys(properties)) {
      const size = isErrorProperty(key) ? estimateSize({ [key]: properties[key] }) : Infinity;
      const kept = size <= room;
      const value = this.read(properties[key], depth + 1, kept ? error : {}, key);
      if (!kept) continue;
      room -= size;
      const attributes = { value, enumerable: true, writable: true, configurable: true };
      Object.defineProperty(error, key, attributes);
    }
    return error;
  }

  #readRequest(expression: Expression, depth: number): unknown {
    const [, url, init] = expression;
    if (expression.length !== 3 || typeof url !== "string" || !isPlain(init)) return malformed;
    if (!("body" in init)) return buildRequest(url, init);
    const body = this.#readBody(init["body"], depth, "Request");
    return buildRequest(url, { ...init, body });
  }

  #readResponse(expression: Expression, depth: number): unknown {
    const [, body, init] = expression;
    if (expression.length !== 3 || !isPlain(init)) return malformed;
    return buildResponse(this.#readBody(body, depth, "Response"), init);
  }

  #readBody(expression: unknown, depth: number, owner: "Request" | "Response"): unknown {
    const holder: { body?: unknown } = {};
    const body = this.read(expression, depth + 1, holder, "body");
    if (isBody(body)) return body;
    throw new TypeError(`${owner} body must be of type ReadableStream.`);
  }
}

function readDate(time: unknown): unknown {
  if (time === null) return new Date(NaN);
  return typeof time === "number" || time instanceof Date ? new Date(time) : malformed;
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The refusal of an expression that is none. spec/capnweb.md §5.1 */
export function unknownValue(expression: unknown): TypeError {
  return new TypeError(`unknown special value: ${JSON.stringify(expression)}`);
}
