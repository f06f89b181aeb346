import { formatBase64, type TensorView } from "@proj/wire-types";
import { elementsOf } from "../elements.js";
import { EtherError } from "../errors.js";
import { formatPath } from "../schema/problem-list.js";
import { classifyValue, type Value, type ValueMap, type VectorValue } from "../value.js";

/** How values are written as JSON text. */
export interface FormatOptions {
  /** `insertion` keeps the order of map keys and -0; `canonical` is RFC 8785. */
  readonly order: "insertion" | "canonical";
  /** Levels of maps and lists allowed; the outermost is level 1. */
  readonly maxNesting: number;
}

/**
 * Writes one value as JSON text: bytes as `{"$b64":…}`, attachment references as `{"$att":…}`, vectors and tensors as
 * (nested) number arrays.
 *
 * @param at Where the value stands, for the message of an error.
 * @throws EtherError `ether.ether_invalid` for what JSON cannot carry: bigints and 64-bit elements beyond ±(2^53-1), NaN,
 * infinities, lone surrogates, a map whose only key is `$b64` or `$att`, too many levels.
 * @see spec/xcp.md §14.1
 */
export function formatValue(value: Value, options: FormatOptions, at: string): string {
  return new ValueFormatter(options, at).value(value, 1);
}

/** Writes a value in the canonical form of §18, for metadata that is compared or shared. @throws as {@link formatValue}. */
export function formatCanonicalValue(value: Value, maxNesting = 64): string {
  return formatValue(value, { order: "canonical", maxNesting }, "");
}

class ValueFormatter {
  readonly #options: FormatOptions;
  readonly #path: (string | number)[];

  constructor(options: FormatOptions, at: string) {
    this.#options = options;
    this.#path = at === "" ? [] : [at];
  }

  value(value: Value, level: number): string {
    const classified = classifyValue(value);
    switch (classified?.kind) {
      case "null":
        return "null";
      case "boolean":
        return String(classified.value);
      case "number":
        return this.#number(classified.value);
      case "bigint":
        return this.#bigint(classified.value);
      case "string":
        return this.#text(classified.value);
      case "bytes":
        return `{"$b64":"${formatBase64(classified.value)}"}`;
      case "attachmentRef":
        return `{"$att":${this.#text(classified.value.id)}}`;
      case "vector":
        return this.#vector(classified.value);
      case "tensor":
        return this.#tensor(classified.value, level);
      case "quantized":
        return this.#tensor(classified.value.toTensor(), level);
      case "list":
        return this.#list(classified.value, level);
      case "map":
        return this.#map(classified.value, level);
      case undefined:
        throw this.#invalid(`a ${typeof value} is no value of an Ether`);
    }
  }

  #map(map: ValueMap, level: number): string {
    this.#enter(level);
    const keys = Object.keys(map);
    if (keys.length === 1 && (keys[0] === "$b64" || keys[0] === "$att")) {
      throw this.#invalid(`a map whose only key is ${keys[0]} means something else in JSON`);
    }
    if (this.#options.order === "canonical") keys.sort();
    let text = "{";
    for (const key of keys) {
      if (text.length > 1) text += ",";
      this.#path.push(key);
      text += `${this.#text(key)}:${this.value(map[key] as Value, level + 1)}`;
      this.#path.pop();
    }
    return `${text}}`;
  }

  #list(list: readonly Value[], level: number): string {
    this.#enter(level);
    let text = "[";
    for (let i = 0; i < list.length; i++) {
      if (i > 0) text += ",";
      this.#path.push(i);
      text += this.value(list[i] as Value, level + 1);
      this.#path.pop();
    }
    return `${text}]`;
  }

  #vector(vector: VectorValue): string {
    let text = "[";
    for (let i = 0; i < vector.length; i++) {
      if (i > 0) text += ",";
      const element = vector[i] as number | bigint;
      text += typeof element === "bigint" ? this.#bigint(element) : this.#number(element);
    }
    return `${text}]`;
  }

  #tensor(tensor: TensorView, level: number): string {
    const elements = elementsOf(tensor) ?? [];
    let next = 0;
    const row = (axis: number): string => {
      if (axis === tensor.shape.length) {
        return this.value(elements[next++] as Value, level);
      }
      this.#enter(level + axis);
      return `[${Array.from({ length: tensor.shape[axis] ?? 0 }, () => row(axis + 1)).join(",")}]`;
    };
    return row(0);
  }

  #number(value: number): string {
    if (!Number.isFinite(value)) throw this.#invalid(`JSON has no ${value}: use a binary codec`);
    if (value === 0)
      return Object.is(value, -0) && this.#options.order === "insertion" ? "-0" : "0";
    return String(value);
  }

  #bigint(value: bigint): string {
    if (value > MAX_SAFE || value < -MAX_SAFE) {
      throw this.#invalid(`${value} is beyond 2^53-1: use a binary codec`);
    }
    return String(value);
  }

  #text(text: string): string {
    if (!text.isWellFormed()) throw this.#invalid("a lone surrogate has no UTF-8 form");
    return JSON.stringify(text);
  }

  #enter(level: number): void {
    if (level > this.#options.maxNesting) {
      throw this.#invalid(`more than ${this.#options.maxNesting} levels of lists and maps`);
    }
  }

  #invalid(what: string): EtherError {
    return new EtherError("ether.ether_invalid", `${formatPath(this.#path)}: ${what}`);
  }
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
