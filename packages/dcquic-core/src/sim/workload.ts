import type { RegisteredBuffer } from "../buffer/registered-buffer.js";
import { Protection } from "../wire/constants.js";
import { drawDataKey } from "../crypto/data-keys.js";
import { sealRecords, wireBytesOf } from "../crypto/records.js";
import type { Engine } from "../engine/engine.js";
import type { EngineEvent } from "../engine/events.js";
import { formatId, type Id64 } from "../wire/id64.js";
import { SeededRandom } from "@proj/wire-types";
import type { SimHost } from "./sim-host.js";
import { formatOptions } from "./reproduction.js";
import { World } from "./world.js";
import type { WorldOptions } from "./world-options.js";

// Looked up once: this runs for every byte.
const { imul } = Math;

/** One transfer of a workload. */
export interface PlannedTransfer {
  /** Host that announces. */
  readonly from: number;
  /** Host that pulls. */
  readonly to: number;
  /** Plain bytes. */
  readonly bytes: number;
  /** When it is announced; µs. */
  readonly atUs: number;
  /** 0 to 7; 3 if absent. */
  readonly priority?: number;
  /** Whether its records are encrypted in a buffer. */
  readonly sealed?: boolean;
  /** Numbers of earlier transfers of the same announcer that must be offered before. */
  readonly after?: readonly { readonly transfer: number; readonly kind: number }[];
  /** Whether others come after it. */
  readonly track?: boolean;
}

/** What became of one transfer. */
export interface TransferOutcome {
  /** When it was offered to its puller; undefined if it never was. */
  offeredUs: number | undefined;
  /** When it was delivered, whole and unchanged. */
  deliveredUs: number | undefined;
  /** When its announcer knew. */
  drainedUs: number | undefined;
  /** The status with which it failed at its announcer. */
  failed: number | undefined;
}

/** How a workload runs. */
export interface WorkloadOptions extends Omit<WorldOptions, "onEvent"> {
  /** What is transferred. */
  readonly transfers: readonly PlannedTransfer[];
  /** How long a puller's application takes for each message; µs. */
  readonly consumeUs?: number;
  /** When to stop waiting; µs of virtual time. */
  readonly untilUs: number;
}

/** What a workload came to. */
export interface WorkloadReport {
  /** By number of the transfer. */
  readonly outcomes: readonly TransferOutcome[];
  /** Transfers that were delivered. */
  readonly delivered: number;
  /** Transfers that failed at their announcers. */
  readonly failed: number;
  /** When the last delivery happened; µs. */
  readonly finishedUs: number;
  /** Unique payload bytes delivered ÷ payload bytes put on the wire. §1.2 */
  readonly goodputRatio: number;
  /** The world's hash. */
  readonly hash: number;
  /** The world, as it was left. */
  readonly world: World;
}

/**
 * Runs transfers through a simulated world, checking that every byte arrives once, unchanged, and in the order that
 * dependencies demand.
 *
 * @throws Error when an invariant is broken; its message holds what repeats the run.
 * @see spec/dcquic.md §23
 */
export function runWorkload(options: WorkloadOptions): WorkloadReport {
  return new Workload(options).run();
}

class Workload {
  readonly #options: WorkloadOptions;
  readonly #world: World;
  readonly #outcomes: TransferOutcome[];
  readonly #incoming = new Map<string, number>();
  readonly #outgoing = new Map<string, number>();
  // A token is only known to the engine that gave it.
  readonly #tokens = new Map<number, { readonly token: Id64; readonly engine: Engine }>();
  readonly #random: SeededRandom;
  #wrong: string | undefined;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed ^ 0x5eed);
    this.#outcomes = options.transfers.map(() => ({
      offeredUs: undefined,
      deliveredUs: undefined,
      drainedUs: undefined,
      failed: undefined,
    }));
    this.#world = new World({
      ...options,
      repeatedBy: () => `runWorkload(${formatOptions(options)})`,
      onEvent: (host, event) => this.#onEvent(host, event),
    });
    this.#world.check(() => this.#wrong);
  }

  run(): WorkloadReport {
    for (const [number, planned] of this.#options.transfers.entries()) {
      this.#world.schedule(planned.atUs, () => this.#start(number, planned));
    }
    this.#world.run(this.#options.untilUs);
    const stats = this.#world.hosts.map(({ engine }) => engine.stats);
    const received = stats.reduce((sum, { payloadReceived }) => sum + payloadReceived, 0);
    const sent = stats.reduce((sum, { payloadSent }) => sum + payloadSent, 0);
    const ends = this.#outcomes.map(({ deliveredUs }) => deliveredUs ?? 0);
    return {
      outcomes: this.#outcomes,
      delivered: this.#outcomes.filter(({ deliveredUs }) => deliveredUs !== undefined).length,
      failed: this.#outcomes.filter(({ failed }) => failed !== undefined).length,
      finishedUs: ends.reduce((a, b) => Math.max(a, b), 0),
      goodputRatio: sent === 0 ? 1 : received / sent,
      hash: this.#world.hash,
      world: this.#world,
    };
  }

  #start(number: number, planned: PlannedTransfer): void {
    const path = this.#world.connect(planned.from, planned.to);
    const host = this.#world.host(planned.from);
    const plain = contentOf(number, planned.bytes);
    const payload = planned.sealed === true ? this.#seal(host, plain) : plain;
    const after = (planned.after ?? []).flatMap(({ transfer, kind }) => {
      const known = this.#tokens.get(transfer);
      return known?.engine === host.engine ? [{ token: known.token, kind }] : [];
    });
    const result = host.engine.announce(host.nowUs, path, {
      shape: 0x30,
      priority: planned.priority ?? 3,
      messageSeq: 0,
      payload,
      meta: Uint8Array.of(number, number >> 8, number >> 16),
      after,
      track: planned.track === true,
    });
    if (payload !== plain && !(payload instanceof Uint8Array)) host.buffers.release(payload);
    const outcome = this.#outcomes[number];
    if (result.kind === "announced") {
      this.#outgoing.set(keyOf(host, result.transfer), number);
      if (result.token !== undefined) {
        this.#tokens.set(number, { token: result.token, engine: host.engine });
      }
    } else if (result.kind === "refused" && outcome !== undefined) outcome.failed = result.status;
    else this.#world.schedule(this.#world.nowUs + 1000, () => this.#start(number, planned));
    host.pump();
  }

  #seal(host: SimHost, plain: Uint8Array): Uint8Array | RegisteredBuffer {
    const { key, messageNumber } = drawDataKey(this.#random);
    const layout = { recordLog2: 14, totalBytes: plain.length, messageNumber };
    const buffer = host.buffers.allocate(wireBytesOf(layout), 0);
    if (buffer === undefined) return plain;
    const wire = new Uint8Array(wireBytesOf(layout));
    const { crypto } = this.#options;
    const binding = sealRecords(crypto, crypto.aead(key), layout, plain, wire);
    host.buffers.write(buffer, 0, wire);
    host.buffers.fill(buffer, { ...layout, protection: Protection.Record, binding, dataKey: key });
    return buffer;
  }

  #onEvent(host: SimHost, event: EngineEvent): void {
    switch (event.kind) {
      case "transferOffered":
        return this.#offered(host, event);
      case "transferDelivered":
        return this.#delivered(host, event);
      case "transferDrained":
      case "transferFailed": {
        if (event.kind === "transferFailed" && event.side === "puller") return;
        const key = keyOf(host, event.transfer);
        const outcome = this.#outcomes[this.#outgoing.get(key) ?? -1];
        if (outcome === undefined) return;
        if (event.kind === "transferDrained") outcome.drainedUs = this.#world.nowUs;
        else outcome.failed = event.status;
        return;
      }
      default:
    }
  }

  #offered(host: SimHost, event: EngineEvent & { kind: "transferOffered" }): void {
    const [low = 0, middle = 0, high = 0] = event.meta;
    const number = low + 256 * middle + 65_536 * high;
    const outcome = this.#outcomes[number];
    const planned = this.#options.transfers[number];
    if (outcome === undefined || planned === undefined || planned.to !== host.index) {
      this.#wrong = `transfer ${number} was offered to host ${host.index}`;
      return;
    }
    if (outcome.offeredUs !== undefined) this.#wrong = `transfer ${number} was offered twice`;
    outcome.offeredUs = this.#world.nowUs;
    for (const { transfer: earlier } of planned.after ?? []) {
      const before = this.#outcomes[earlier];
      if (before?.offeredUs === undefined && before?.failed === undefined) {
        this.#wrong = `transfer ${number} was offered before ${earlier}`;
      }
    }
    this.#incoming.set(keyOf(host, event.transfer), number);
    host.engine.accept(host.nowUs, event.transfer);
  }

  #delivered(host: SimHost, event: EngineEvent & { kind: "transferDelivered" }): void {
    const number = this.#incoming.get(keyOf(host, event.transfer)) ?? -1;
    const outcome = this.#outcomes[number];
    const planned = this.#options.transfers[number];
    if (outcome === undefined || planned === undefined) {
      this.#wrong = "a transfer was delivered that was never offered";
      return;
    }
    if (outcome.deliveredUs !== undefined) this.#wrong = `transfer ${number} was delivered twice`;
    if (!isContentOf(number, planned.bytes, event.bytes)) {
      this.#wrong = `transfer ${number} of ${planned.bytes} bytes arrived changed`;
    }
    outcome.deliveredUs = this.#world.nowUs;
    const { consumeUs = 0 } = this.#options;
    const { engine } = host;
    if (consumeUs === 0) {
      engine.consume(event.transfer);
      return;
    }
    this.#world.schedule(this.#world.nowUs + consumeUs, () => {
      if (host.engine !== engine) return;
      engine.consume(event.transfer);
      this.#world.host(host.index).pump();
    });
  }
}

// A transfer keeps its id when it moves to another path.
function keyOf(host: SimHost, transfer: Id64): string {
  return `${host.index}.${host.epoch[0]}.${host.epoch[1]}.${formatId(transfer)}`;
}

// A sequence of its own for every transfer, so that bytes of another one, or of another place, are noticed.
function contentOf(number: number, bytes: number): Uint8Array {
  const content = new Uint8Array(bytes);
  let state = number;
  for (let i = 0; i < bytes; i++) {
    state = step(state);
    content[i] = state >>> 24;
  }
  return content;
}

function isContentOf(number: number, length: number, bytes: Uint8Array): boolean {
  if (bytes.length !== length) return false;
  let state = number;
  for (let i = 0; i < length; i++) {
    state = step(state);
    if (bytes[i] !== state >>> 24) return false;
  }
  return true;
}

function step(state: number): number {
  return (imul(state, 1_664_525) + 1_013_904_223) >>> 0;
}
