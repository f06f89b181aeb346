import { type FieldList, hexNumber, previewBytes, previewText } from "./field.js";
import { codecName, kindName, msgTypeName } from "./names.js";

/** Where a pointer leads. Words are counted inside `segment`. */
type Target =
  | { readonly kind: "null" }
  | {
      readonly kind: "struct";
      readonly at: Spot;
      readonly dataWords: number;
      readonly pointers: number;
    }
  | {
      readonly kind: "list";
      readonly at: Spot;
      readonly elementSize: number;
      readonly count: number;
    }
  | { readonly kind: "bad"; readonly why: string };

interface Spot {
  readonly segment: number;
  readonly word: number;
}

const MAX_SEGMENTS = 16;
const MAX_TAGS = 64;

/** Names every byte of a Cap'n Proto HEADER that a reader looks at. spec/xcp.md §4 */
export function capnpFields(list: FieldList, header: Uint8Array, base: number): void {
  new HeaderWalk(list, header, base).run();
}

class HeaderWalk {
  readonly #list: FieldList;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #base: number;
  #segments: readonly { readonly start: number; readonly words: number }[] = [];

  constructor(list: FieldList, header: Uint8Array, base: number) {
    this.#list = list;
    this.#bytes = header;
    this.#view = new DataView(header.buffer, header.byteOffset, header.byteLength);
    this.#base = base;
  }

  run(): void {
    if (!this.#segmentTable()) return;
    const root = this.#pointer({ segment: 0, word: 0 }, "root pointer");
    if (root.kind !== "struct") return;
    this.#number(root, 0, 4, "channelId");
    this.#number(
      root,
      4,
      2,
      "msgType",
      (type) => `${hexNumber(type, 2)} ${msgTypeName(type, "v0.2")}`,
    );
    this.#number(root, 6, 2, "bodyCodec", (codec) => `${hexNumber(codec, 2)} ${codecName(codec)}`);
    this.#number(root, 8, 8, "msgId");
    this.#number(root, 16, 8, "inReplyTo");
    const key = this.#child(root, 0, "pointer schemaKey");
    const tags = this.#child(root, 1, "pointer tags");
    if (key.kind === "struct") this.#schemaKey(key);
    if (tags.kind === "list") this.#tags(tags);
  }

  #segmentTable(): boolean {
    const count = this.#view.getUint32(0, true) + 1;
    this.#list.add(this.#base, 4, "segments - 1", String(count - 1));
    const tableBytes = Math.ceil((4 + 4 * count) / 8) * 8;
    if (count > MAX_SEGMENTS || tableBytes > this.#bytes.length) {
      this.#bad(0, `${count} segments, limit ${MAX_SEGMENTS}`);
      return false;
    }
    let start = tableBytes;
    this.#segments = Array.from({ length: count }, (_, i) => {
      const words = this.#view.getUint32(4 + 4 * i, true);
      this.#list.add(this.#base + 4 + 4 * i, 4, `words of segment ${i}`, String(words));
      const segment = { start, words };
      start += words * 8;
      if (start > this.#bytes.length)
        this.#bad(4 + 4 * i, `segment ${i} of ${words} words passes HLEN`);
      return segment;
    });
    if (start < this.#bytes.length) this.#bad(start, "bytes after the last segment");
    return start === this.#bytes.length;
  }

  #schemaKey(key: Target & { readonly kind: "struct" }): void {
    this.#number(key, 0, 4, "schemaKey.nsHash", (hash) => hexNumber(hash, 4));
    this.#number(key, 4, 4, "schemaKey.kindId", kindText);
    this.#number(key, 8, 2, "schemaKey.major");
    this.#number(key, 10, 2, "schemaKey.minor");
    const hash = this.#child(key, 0, "pointer schemaKey.hash128");
    if (hash.kind !== "list") return;
    const bytes = this.#listBytes(hash, "schemaKey.hash128");
    if (bytes === undefined) return;
    this.#list.add(this.#offset(hash.at), bytes.length, "schemaKey.hash128", previewBytes(bytes));
    if (bytes.length !== 0 && bytes.length !== 16) {
      this.#bad(this.#position(hash.at), `hash128 of ${bytes.length} bytes, not 0 or 16`);
    }
  }

  #tags(tags: Target & { readonly kind: "list" }): void {
    if (tags.elementSize !== 7) {
      this.#bad(this.#position(tags.at), "the list of tags is not a list of structs");
      return;
    }
    const tagWord = this.#view.getUint32(this.#position(tags.at), true) >>> 2;
    const dataWords = this.#view.getUint16(this.#position(tags.at) + 4, true);
    const pointers = this.#view.getUint16(this.#position(tags.at) + 6, true);
    const size = dataWords + pointers;
    this.#list.add(this.#offset(tags.at), 8, "tags", `${tagWord} of ${size} words`);
    if (tagWord > MAX_TAGS || tagWord * size > tags.count) {
      this.#bad(this.#position(tags.at), `${tagWord} tags, limit ${MAX_TAGS}`);
      return;
    }
    for (let i = 0; i < tagWord; i++) {
      const at = { segment: tags.at.segment, word: tags.at.word + 1 + i * size };
      const tag = { kind: "struct", at, dataWords, pointers } as const;
      for (const [k, name] of ["key", "val"].entries()) this.#text(tag, k, `tags[${i}].${name}`);
    }
  }

  #text(struct: Target & { readonly kind: "struct" }, index: number, name: string): void {
    const target = this.#child(struct, index, `pointer ${name}`);
    if (target.kind !== "list") return;
    const bytes = this.#listBytes(target, name);
    if (bytes === undefined) return;
    const text = new TextDecoder().decode(bytes.subarray(0, -1));
    this.#list.add(this.#offset(target.at), bytes.length, name, previewText(text));
  }

  #listBytes(list: Target & { readonly kind: "list" }, name: string): Uint8Array | undefined {
    if (list.elementSize === 2) {
      const at = this.#position(list.at);
      return this.#bytes.subarray(at, at + list.count);
    }
    this.#bad(this.#position(list.at), `${name} is not a list of bytes`);
    return undefined;
  }

  #number(
    struct: Target & { readonly kind: "struct" },
    at: number,
    size: 2 | 4 | 8,
    name: string,
    shown: (value: number) => string | undefined = () => undefined,
  ): void {
    // A shorter data section means that the field has its default.
    if (at + size > struct.dataWords * 8) return;
    const position = this.#position(struct.at) + at;
    const value =
      size === 8
        ? this.#view.getBigUint64(position, true)
        : size === 4
          ? this.#view.getUint32(position, true)
          : this.#view.getUint16(position, true);
    this.#list.add(this.#base + position, size, name, shown(Number(value)) ?? String(value));
  }

  #child(struct: Target & { readonly kind: "struct" }, index: number, name: string): Target {
    if (index >= struct.pointers) return { kind: "null" };
    const word = struct.at.word + struct.dataWords + index;
    return this.#pointer({ segment: struct.at.segment, word }, name);
  }

  #pointer(spot: Spot, name: string): Target {
    const target = this.#follow(spot, 0);
    this.#list.add(this.#offset(spot), 8, name, describe(target));
    if (target.kind === "bad") this.#bad(this.#position(spot), target.why);
    return target;
  }

  #follow(spot: Spot, hops: number): Target {
    if (!this.#holds(spot, 1)) return { kind: "bad", why: "a pointer outside its segment" };
    const low = this.#view.getUint32(this.#position(spot), true);
    const high = this.#view.getUint32(this.#position(spot) + 4, true);
    if (low === 0 && high === 0) return { kind: "null" };
    switch (low & 3) {
      case 0:
        return this.#struct({ segment: spot.segment, word: spot.word + 1 + (low >> 2) }, high);
      case 1:
        return this.#listTarget({ segment: spot.segment, word: spot.word + 1 + (low >> 2) }, high);
      case 2:
        return this.#far(low, high, hops);
      default:
        return { kind: "bad", why: "a capability pointer, which a header cannot have" };
    }
  }

  #far(low: number, high: number, hops: number): Target {
    const pad = { segment: high, word: low >>> 3 };
    const double = (low & 4) !== 0;
    if (hops > 0 || !this.#holds(pad, double ? 2 : 1)) {
      return { kind: "bad", why: "a far pointer that leads nowhere" };
    }
    if (!double) return this.#follow(pad, hops + 1);
    const farLow = this.#view.getUint32(this.#position(pad), true);
    const farSegment = this.#view.getUint32(this.#position(pad) + 4, true);
    const tagLow = this.#view.getUint32(this.#position(pad) + 8, true);
    const tagHigh = this.#view.getUint32(this.#position(pad) + 12, true);
    const at = { segment: farSegment, word: farLow >>> 3 };
    return (tagLow & 3) === 0 ? this.#struct(at, tagHigh) : this.#listTarget(at, tagHigh);
  }

  #struct(at: Spot, high: number): Target {
    const dataWords = high & 0xffff;
    const pointers = high >>> 16;
    if (!this.#holds(at, dataWords + pointers)) {
      return { kind: "bad", why: `a struct of ${dataWords + pointers} words beyond its segment` };
    }
    return { kind: "struct", at, dataWords, pointers };
  }

  #listTarget(at: Spot, high: number): Target {
    const elementSize = high & 7;
    const count = high >>> 3;
    const bits = [0, 1, 8, 16, 32, 64, 64, 64][elementSize] ?? 64;
    const words = Math.ceil((bits * count) / 64) + (elementSize === 7 ? 1 : 0);
    if (!this.#holds(at, words)) {
      return { kind: "bad", why: `a list of ${count} elements beyond its segment` };
    }
    return { kind: "list", at, elementSize, count };
  }

  #holds(spot: Spot, words: number): boolean {
    const segment = this.#segments[spot.segment];
    return segment !== undefined && spot.word >= 0 && spot.word + words <= segment.words;
  }

  #position(spot: Spot): number {
    return (this.#segments[spot.segment]?.start ?? 0) + spot.word * 8;
  }

  #offset(spot: Spot): number {
    return this.#base + this.#position(spot);
  }

  #bad(position: number, message: string): void {
    this.#list.find(this.#base + position, "xcp.header_malformed", message);
  }
}

function kindText(kindId: number): string {
  return `${hexNumber(kindId, 4)} ${kindName(kindId) ?? ""}`.trim();
}

function describe(target: Target): string {
  switch (target.kind) {
    case "null":
      return "null";
    case "struct":
      return `struct of ${target.dataWords} data words, ${target.pointers} pointers`;
    case "list":
      return `list of ${target.count}`;
    case "bad":
      return target.why;
  }
}
