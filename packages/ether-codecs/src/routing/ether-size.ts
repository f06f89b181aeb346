import { utf8Length } from "@proj/wire-types";
import { EtherError } from "../errors.js";
import type { Ether } from "../ether.js";
import { classifyValue, type Value, type ValueMap } from "../value.js";

/** What an Ether weighs in binary form, and what JSON cannot carry well. */
export interface EtherSize {
  /** The estimate S in bytes. */
  readonly bytes: number;
  /** Whether there are bytes, typed vectors or inline attachments. */
  readonly binary: boolean;
  /** Whether there are bytes or inline attachments, which JSON could only carry as base64. */
  readonly rawBytes: boolean;
}

// spec/xcp.md §15.1
const FIXED_BYTES = 16;
const ELEMENT_BYTES = 2;
const NUMBER_BYTES = 8;
const MAX_LEVEL = 64;

/**
 * Estimates the size of an Ether without serialising it.
 *
 * null and booleans count 1 byte, attachment references the length of their id.
 *
 * @throws EtherError `ether.ether_invalid` for values nested deeper than 64 levels.
 * @see spec/xcp.md §15.1
 */
export function estimateSize(ether: Ether): EtherSize {
  const tally = { bytes: FIXED_BYTES, binary: false, rawBytes: false };
  for (const map of [ether.payload, ether.metadata, ether.extraFields]) addMap(map, 1, tally);
  for (const { inlineBytes } of ether.attachments) {
    if (inlineBytes === undefined) continue;
    tally.bytes += inlineBytes.length;
    tally.binary = true;
    tally.rawBytes = true;
  }
  return tally;
}

/** Estimates the size of one value as {@link estimateSize} counts it. */
export function estimateValue(value: Value): number {
  const tally = { bytes: 0, binary: false, rawBytes: false };
  addValue(value, 1, tally);
  return tally.bytes;
}

interface Tally {
  bytes: number;
  binary: boolean;
  rawBytes: boolean;
}

function addMap(map: ValueMap, level: number, tally: Tally): void {
  enter(level);
  for (const key of Object.keys(map)) {
    tally.bytes += utf8Length(key) + ELEMENT_BYTES;
    addValue(map[key] as Value, level + 1, tally);
  }
}

function addValue(value: Value, level: number, tally: Tally): void {
  const classified = classifyValue(value);
  switch (classified?.kind) {
    case "null":
    case "boolean":
      tally.bytes += 1;
      return;
    case "number":
    case "bigint":
      tally.bytes += NUMBER_BYTES;
      return;
    case "string":
      tally.bytes += utf8Length(classified.value);
      return;
    case "attachmentRef":
      tally.bytes += utf8Length(classified.value.id);
      return;
    case "bytes":
      tally.bytes += classified.value.length;
      tally.binary = true;
      tally.rawBytes = true;
      return;
    case "vector":
      tally.bytes += classified.value.byteLength;
      tally.binary = true;
      return;
    case "tensor":
      tally.bytes += classified.value.length * classified.value.data.BYTES_PER_ELEMENT;
      tally.binary = true;
      return;
    case "quantized":
      tally.bytes += classified.value.data.length;
      tally.binary = true;
      return;
    case "list":
      enter(level);
      for (const item of classified.value) {
        tally.bytes += ELEMENT_BYTES;
        addValue(item, level + 1, tally);
      }
      return;
    case "map":
      addMap(classified.value, level, tally);
      return;
    case undefined:
      throw new EtherError("ether.ether_invalid", `a ${typeof value} is no value of an Ether`);
  }
}

function enter(level: number): void {
  if (level > MAX_LEVEL) {
    throw new EtherError("ether.ether_invalid", `more than ${MAX_LEVEL} levels of lists and maps`);
  }
}
