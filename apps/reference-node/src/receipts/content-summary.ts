import {
  AttachmentRef,
  elementsOf,
  type Ether,
  isVector,
  QuantizedTensor,
  tensorOfAttachment,
  type Value,
} from "@proj/ether-codecs";
import { TensorView } from "@proj/wire-types";
import { createHash, type Hash } from "node:crypto";
import { JSON_KIND } from "../content/plain-content.js";
import { TABLE_KIND } from "../content/table.js";
import { NumberStatistics } from "./column-statistics.js";
import { TableSummary } from "./table-summary.js";

/**
 * Computes something from content, so that whoever reads it sees that the content arrived and was understood.
 *
 * Sender and receiver both run it: the sender on what it read, the receiver on what it decoded.
 */
export class ContentSummary {
  #table: TableSummary | undefined;
  #numbers: NumberStatistics | undefined;
  #tensorShape: number[] | undefined;
  #text: { characters: number; lines: number; words: number } | undefined;
  #bytes: { hash: Hash; length: number } | undefined;
  #image: Record<string, Value> | undefined;
  #ethers = 0;
  #keys = 0;

  /** Adds the Ethers of one message. */
  add(ethers: readonly Ether[]): void {
    this.#ethers += ethers.length;
    const [first] = ethers;
    if (first === undefined) return;
    if (ethers.length > 1) {
      this.#table ??= new TableSummary();
      this.#table.addRows(ethers);
    } else {
      this.#addOne(first);
    }
  }

  /** What was found, by kind of content. */
  result(): Record<string, Value> {
    const found: Record<string, Value> = { ethers: this.#ethers };
    if (this.#table !== undefined) Object.assign(found, this.#table.result());
    if (this.#tensorShape !== undefined) found["shape"] = this.#tensorShape;
    if (this.#numbers !== undefined) found["elements"] = this.#numbers.result();
    if (this.#text !== undefined) Object.assign(found, this.#text);
    if (this.#image !== undefined) Object.assign(found, this.#image);
    if (this.#bytes !== undefined) {
      found["bytes"] = this.#bytes.length;
      found["content_sha256"] = this.#bytes.hash.copy().digest("hex");
    }
    if (this.#keys > 0) found["keys"] = this.#keys;
    return found;
  }

  #addOne(ether: Ether): void {
    const { payload } = ether;
    if (ether.kind === TABLE_KIND) {
      this.#table ??= new TableSummary();
      this.#table.addColumns(ether);
    } else if (ether.kind === "image") {
      this.#addImage(ether);
    } else if (ether.kind === JSON_KIND) {
      // A list of numbers is one whatever codec it came in, not a tensor.
      this.#keys += countKeys(payload);
    } else if (typeof payload["text"] === "string") {
      this.#addText(payload["text"]);
    } else if (payload["data"] instanceof Uint8Array) {
      this.#addBytes(payload["data"]);
    } else {
      this.#addOther(ether);
    }
  }

  #addOther(ether: Ether): void {
    let tensors = 0;
    for (const value of Object.values(ether.payload)) {
      for (const tensor of value === undefined ? [] : tensorsOf(ether, value)) {
        tensors++;
        this.#addTensor(tensor);
      }
    }
    if (tensors === 0) this.#keys += countKeys(ether.payload);
  }

  #addTensor(tensor: Value): void {
    const elements = elementsOf(tensor);
    if (elements === undefined) return;
    const shape =
      tensor instanceof TensorView || tensor instanceof QuantizedTensor
        ? tensor.shape
        : [elements.length];
    if (this.#tensorShape === undefined) this.#tensorShape = [...shape];
    // The parts of a tensor are cut along its first dimension.
    else this.#tensorShape[0] = (this.#tensorShape[0] ?? 0) + (shape[0] ?? 0);
    this.#numbers ??= new NumberStatistics();
    for (const element of elements) this.#numbers.push(Number(element));
  }

  #addText(text: string): void {
    this.#text ??= { characters: 0, lines: 0, words: 0 };
    this.#text.characters += text.length;
    this.#text.lines += text.split("\n").length - 1;
    this.#text.words += text.match(/\S+/g)?.length ?? 0;
  }

  #addBytes(bytes: Uint8Array): void {
    this.#bytes ??= { hash: createHash("sha256"), length: 0 };
    this.#bytes.hash.update(bytes);
    this.#bytes.length += bytes.length;
  }

  #addImage({ payload }: Ether): void {
    const { width, height, channels, data } = payload;
    const bytes = data instanceof Uint8Array ? data : undefined;
    if (bytes === undefined || typeof channels !== "number" || channels < 1 || channels > 16)
      return;
    const sums = Array.from({ length: channels }, () => 0);
    for (const [i, byte] of bytes.entries()) sums[i % channels] = (sums[i % channels] ?? 0) + byte;
    const pixels = Math.max(1, bytes.length / channels);
    this.#image = {
      width: width ?? 0,
      height: height ?? 0,
      channels,
      average_colour: sums.map((sum) => Math.round(sum / pixels)),
    };
  }
}

// The tensors that a payload member is, refers to as an attachment, or lists as MIXED_LATENT does.
function tensorsOf(ether: Ether, value: Value): readonly Value[] {
  if (value instanceof AttachmentRef) {
    const tensor = tensorOfAttachment(ether, value.id);
    return tensor === undefined ? [] : [tensor];
  }
  if (isTensor(value)) return [value];
  return Array.isArray(value) && value.every(isTensor) ? value : [];
}

function isTensor(value: Value): boolean {
  return value instanceof TensorView || value instanceof QuantizedTensor || isVector(value);
}

// Iterative: a document may be nested as deep as a codec allows.
function countKeys(value: Value): number {
  const open: Value[] = [value];
  let keys = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== "object" || next === null || ArrayBuffer.isView(next)) continue;
    const children = Object.values(next as object) as Value[];
    if (!Array.isArray(next)) keys += children.length;
    for (const child of children) if (typeof child === "object") open.push(child);
  }
  return keys;
}
