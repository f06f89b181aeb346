import { trainDictionary } from "../../dictionary/train-dictionary.js";
import { type DwcpCode, DwcpError } from "../../errors.js";
import { AnchorIndex } from "../../hde/anchor-index.js";
import { digestsBetween } from "../../hde/content-id.js";
import { type ByteSource, startOf } from "../../hde/byte-source.js";
import { type DecodeContext, decodeMemory } from "../../hde/decode-context.js";
import { decodeUnit } from "../../hde/decode-unit.js";
import type { HdePlatform } from "../../hde/hde-platform.js";
import { indexChanges } from "../../hde/index-changes.js";
import { ObjectEncoder } from "../../hde/object-encoder.js";
import type { Reference } from "../../hde/reference.js";
import { resolveDwcpLimits } from "../../limits.js";
import type { UnitBody } from "../../wire/chunk.js";
import { Codec, type CodecName, codecNameOf, SLOT_SELF } from "../../wire/codec.js";
import { type OpenedSource, openSource, type SourceSpec } from "./source-spec.js";
import type { JobSpec, PackedUnit, TaskResult, WorkerTask } from "./worker-messages.js";

// What goes along unused stays in memory until all of it was sent.
const LEAST_STORED_SHARE = 0.75;

/** One job inside a worker: its sources, opened once, and an encoder per level. */
export class WorkerJob {
  readonly #spec: JobSpec;
  readonly #platform: HdePlatform;
  readonly #opened = new Map<SourceSpec, OpenedSource>();
  readonly #encoders = new Map<number, ObjectEncoder>();
  readonly #context: DecodeContext;

  /** Nothing is opened before a task needs it. */
  constructor(spec: JobSpec, platform: HdePlatform) {
    this.#spec = spec;
    this.#platform = platform;
    const specs = new Map(spec.baselines?.map((each) => [each.slot, each.spec]));
    const dictionaries = new Map(spec.dictionaries?.map(({ slot, bytes }) => [slot, bytes]));
    this.#context = {
      platform,
      limits: resolveDwcpLimits({ maxUnitRawBytes: spec.maxUnitRawBytes }),
      pageBytes: spec.pageBytes,
      baseline: (slot) => {
        const found = specs.get(slot);
        return found === undefined ? undefined : this.#open(found, "dwcp.baseline_missing");
      },
      dictionary: (slot) => dictionaries.get(slot),
      memory: decodeMemory(),
    };
  }

  /** Does what is asked; what is thrown is for the caller. */
  run(task: WorkerTask): TaskResult {
    switch (task.kind) {
      case "encode":
        return this.#encode(task);
      case "decode":
        return { kind: "decoded", raw: this.#decode(task.unit) };
      case "index": {
        const { anchors, source } = this.#reference();
        anchors.add(source);
        return { kind: "indexed" };
      }
      case "digest": {
        const { from, to, leafBytes } = task;
        const digests = digestsBetween(this.#object(), this.#platform, from, to, leafBytes);
        return { kind: "digested", digests };
      }
      case "train": {
        const training = trainDictionary(task.samples, task.maxBytes, this.#platform);
        return { kind: "judged", training };
      }
      case "indexOwn":
        this.#indexOwn(task.from, task.to);
        return { kind: "indexed" };
    }
  }

  #decode(unit: UnitBody): Uint8Array<ArrayBuffer> {
    const { maxUnitRawBytes } = this.#context.limits;
    // Its own memory, which goes to another thread; a unit of too much is refused without any.
    const raw = new Uint8Array(unit.rawBytes > maxUnitRawBytes ? 0 : unit.rawBytes);
    decodeUnit(unit, this.#context, raw);
    return raw;
  }

  /** Closes what the job opened. */
  close(): void {
    for (const opened of this.#opened.values()) opened.close();
    this.#opened.clear();
  }

  #open(spec: SourceSpec, otherwise: DwcpCode): ByteSource {
    const known = this.#opened.get(spec);
    if (known !== undefined) return known.source;
    try {
      const opened = openSource(spec);
      this.#opened.set(spec, opened);
      return opened.source;
    } catch (cause) {
      throw new DwcpError(otherwise, "a file could not be opened", { cause });
    }
  }

  #object(): ByteSource {
    const { object } = this.#spec;
    if (object === undefined) throw new TypeError("this job has no object to encode");
    return this.#open(object, "dwcp.source_changed");
  }

  #reference(): Reference & { readonly anchors: AnchorIndex } {
    const { baseline } = this.#spec;
    if (baseline === undefined) throw new TypeError("this job has no baseline to index");
    const source = this.#open(baseline.spec, "dwcp.baseline_missing");
    const anchors = new AnchorIndex(baseline.slots, this.#platform);
    return { slot: baseline.slot, source, anchors, isInPlace: true };
  }

  #encode(task: Extract<WorkerTask, { kind: "encode" }>): TaskResult {
    const { offset, length, level, ownBytes } = task;
    const units: UnitBody[] = [];
    const secondsByCodec = new Map<CodecName, number>();
    const startMs = performance.now();
    let unitMs = startMs;
    this.#requireOpen();
    for (const unit of this.#encoderAt(level).encode(offset, length, this.#own(ownBytes))) {
      units.push(unit);
      const nowMs = performance.now();
      const codec = codecNameOf(unit.codec) ?? "RAW";
      secondsByCodec.set(codec, (secondsByCodec.get(codec) ?? 0) + (nowMs - unitMs) / 1_000);
      unitMs = nowMs;
      this.#requireOpen();
    }
    const seconds = (unitMs - startMs) / 1_000;
    return { kind: "encoded", ...pack(units), seconds, secondsByCodec };
  }

  // The message that the job is closed waits behind all its tasks; in best mode each of them takes seconds.
  #requireOpen(): void {
    if (Atomics.load(this.#spec.closed, 0) === 0) return;
    throw new DwcpError("dwcp.shutdown", "the job is closed");
  }

  #encoderAt(level: number): ObjectEncoder {
    const known = this.#encoders.get(level);
    if (known !== undefined) return known;
    const baseline = this.#spec.baseline === undefined ? undefined : this.#reference();
    const settings = { ...this.#spec, platform: this.#platform, level };
    const encoder = new ObjectEncoder(this.#object(), baseline, settings);
    this.#encoders.set(level, encoder);
    return encoder;
  }

  #own(bytes: number): Reference | undefined {
    const { ownSlots } = this.#spec;
    if (ownSlots === undefined || bytes === 0) return undefined;
    return {
      slot: SLOT_SELF,
      source: startOf(this.#object(), bytes),
      anchors: new AnchorIndex(ownSlots, this.#platform),
      isInPlace: false,
    };
  }

  #indexOwn(from: number, to: number): void {
    const { ownSlots, baseline } = this.#spec;
    if (ownSlots === undefined) return;
    const index = new AnchorIndex(ownSlots, this.#platform);
    const known = baseline && this.#open(baseline.spec, "dwcp.baseline_missing");
    indexChanges(index, this.#object(), { from, to }, known, this.#platform);
  }
}

// One buffer for all, so that one transfer carries them.
function pack(units: readonly UnitBody[]): {
  units: PackedUnit[];
  bytes: Uint8Array<ArrayBuffer>;
} {
  const read = readFor(units);
  if (read !== undefined) {
    const packed = units.map(({ encoded, ...unit }) => {
      const encodedOffset = encoded.length === 0 ? 0 : encoded.byteOffset;
      return { ...unit, encodedOffset, encodedBytes: encoded.length };
    });
    return { units: packed, bytes: new Uint8Array(read) };
  }
  const bytes = new Uint8Array(units.reduce((sum, { encoded }) => sum + encoded.length, 0));
  let at = 0;
  const packed = units.map(({ encoded, ...unit }) => {
    bytes.set(encoded, at);
    const placed = { ...unit, encodedOffset: at, encodedBytes: encoded.length };
    at += encoded.length;
    return placed;
  });
  return { units: packed, bytes };
}

// What was read for units that store nearly all of it: nobody else has it, and it goes as it is.
function readFor(units: readonly UnitBody[]): ArrayBuffer | undefined {
  const buffer = units.find(({ encoded }) => encoded.length > 0)?.encoded.buffer;
  if (!(buffer instanceof ArrayBuffer)) return undefined;
  let stored = 0;
  for (const { codec, encoded } of units) {
    if (encoded.length === 0) continue;
    if (codec !== Codec.RAW || encoded.buffer !== buffer) return undefined;
    stored += encoded.length;
  }
  return stored >= LEAST_STORED_SHARE * buffer.byteLength ? buffer : undefined;
}
