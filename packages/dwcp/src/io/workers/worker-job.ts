import { AnchorIndex } from "../../hde/anchor-index.js";
import { type DecodeContext, decodeUnit } from "../../hde/decode-unit.js";
import type { HdePlatform } from "../../hde/hde-platform.js";
import { ObjectEncoder } from "../../hde/object-encoder.js";
import type { Reference } from "../../hde/reference.js";
import { resolveDwcpLimits } from "../../limits.js";
import type { UnitBody } from "../../wire/chunk.js";
import { SLOT_SELF } from "../../wire/codec.js";
import { type OpenedSource, openSource } from "./source-spec.js";
import type { JobSpec, PackedUnit, TaskResult, WorkerTask } from "./worker-messages.js";

/** One job inside a worker: its sources, opened once, and an encoder per level. */
export class WorkerJob {
  readonly #spec: JobSpec;
  readonly #platform: HdePlatform;
  readonly #opened: OpenedSource[] = [];
  readonly #encoders = new Map<number, ObjectEncoder>();
  readonly #object: OpenedSource | undefined;
  readonly #baseline: Reference | undefined;
  readonly #context: DecodeContext;

  /** Opens what the job names. */
  constructor(spec: JobSpec, platform: HdePlatform) {
    this.#spec = spec;
    this.#platform = platform;
    this.#object = spec.object === undefined ? undefined : this.#open(openSource(spec.object));
    if (spec.baseline !== undefined) {
      const { source } = this.#open(openSource(spec.baseline.spec));
      const anchors = new AnchorIndex(spec.baseline.slots);
      this.#baseline = { slot: spec.baseline.slot, source, anchors, isInPlace: true };
    }
    const baselines = new Map(
      spec.baselines?.map(({ slot, spec: each }) => [slot, this.#open(openSource(each)).source]),
    );
    const dictionaries = new Map(spec.dictionaries?.map(({ slot, bytes }) => [slot, bytes]));
    this.#context = {
      platform,
      limits: resolveDwcpLimits({ maxUnitRawBytes: spec.maxUnitRawBytes }),
      pageBytes: spec.pageBytes,
      baseline: (slot) => baselines.get(slot),
      dictionary: (slot) => dictionaries.get(slot),
    };
  }

  /** Does what is asked; what is thrown is for the caller. */
  run(task: WorkerTask): TaskResult {
    switch (task.kind) {
      case "encode":
        return this.#encode(task);
      case "decode":
        // Its own memory: a view could be of a baseline, or of what came in.
        return { kind: "decoded", raw: new Uint8Array(decodeUnit(task.unit, this.#context)) };
      case "index":
        if (this.#baseline?.anchors !== undefined) {
          this.#baseline.anchors.addAll(this.#baseline.source);
        }
        return { kind: "indexed" };
    }
  }

  /** Closes what the job opened. */
  close(): void {
    for (const opened of this.#opened) opened.close();
  }

  #open(opened: OpenedSource): OpenedSource {
    this.#opened.push(opened);
    return opened;
  }

  #encode(task: Extract<WorkerTask, { kind: "encode" }>): TaskResult {
    const { offset, length, level, ownBytes } = task;
    const start = performance.now();
    const units = [...this.#encoderAt(level).encode(offset, length, this.#own(ownBytes))];
    return { kind: "encoded", ...pack(units), seconds: (performance.now() - start) / 1_000 };
  }

  #encoderAt(level: number): ObjectEncoder {
    const known = this.#encoders.get(level);
    if (known !== undefined) return known;
    if (this.#object === undefined) throw new TypeError("this job has no object to encode");
    const settings = { ...this.#spec, platform: this.#platform, level };
    const encoder = new ObjectEncoder(this.#object.source, this.#baseline, settings);
    this.#encoders.set(level, encoder);
    return encoder;
  }

  #own(bytes: number): Reference | undefined {
    const { ownSlots } = this.#spec;
    const source = this.#object?.source;
    if (ownSlots === undefined || source === undefined || bytes === 0) return undefined;
    return {
      slot: SLOT_SELF,
      source: { length: bytes, read: (at, length) => source.read(at, length) },
      anchors: new AnchorIndex(ownSlots),
      isInPlace: false,
    };
  }
}

// One buffer for all, so that one transfer carries them.
function pack(units: readonly UnitBody[]): {
  units: PackedUnit[];
  bytes: Uint8Array<ArrayBuffer>;
} {
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
