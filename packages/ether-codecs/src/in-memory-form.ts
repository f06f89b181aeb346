import { parseBase64 } from "@proj/wire-types";
import { decoding, EtherError } from "./errors.js";
import type { Ether } from "./ether.js";
import { emptyMap, type Value } from "./value.js";

/**
 * Gives an Ether of a standard kind its in-memory form: what JSON brought as lists and text becomes vectors and bytes.
 *
 * `tokens.token_ids` becomes a u32 vector, `embedding.values` a float32 vector, base64 text in `image.data` bytes. What
 * already has its form, and every other kind, is returned as it is. Check the Ether against its schema first.
 *
 * @throws EtherError `ether.validation` for token ids outside u32, `ether.body_malformed` for text that is no base64.
 * @see spec/xcp.md §18
 */
export function inMemoryForm(ether: Ether): Ether {
  const rule = rules.get(ether.kind);
  if (rule === undefined || !Object.hasOwn(ether.payload, rule.key)) return ether;
  const before = ether.payload[rule.key] as Value;
  const after = rule.convert(before);
  if (after === before) return ether;
  const payload = Object.assign(emptyMap(), ether.payload);
  payload[rule.key] = after;
  return { ...ether, payload };
}

interface Rule {
  readonly key: string;
  readonly convert: (value: Value) => Value;
}

const rules: ReadonlyMap<string, Rule> = new Map([
  ["tokens", { key: "token_ids", convert: toTokenIds }],
  ["embedding", { key: "values", convert: toFloat32 }],
  ["image", { key: "data", convert: toBytes }],
]);

function toTokenIds(value: Value): Value {
  if (!isNumbers(value)) return value;
  const bad = value.find((id) => !Number.isInteger(id) || id < 0 || id > 0xffff_ffff);
  if (bad !== undefined) throw new EtherError("ether.validation", `token id ${bad} is no u32`);
  return Uint32Array.from(value);
}

function toFloat32(value: Value): Value {
  return isNumbers(value) ? Float32Array.from(value) : value;
}

function toBytes(value: Value): Value {
  if (typeof value !== "string") return value;
  return decoding("ether.body_malformed", () => parseBase64(value));
}

// PROTOBUF brings lists of numbers as float64 vectors.
function isNumbers(value: Value): value is Float64Array {
  if (value instanceof Float64Array) return true;
  return Array.isArray(value) && value.every((item) => typeof item === "number");
}
