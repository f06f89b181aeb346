import type { BufferRegistry } from "../buffer/buffer-registry.js";
import type { AnnouncedTransfer } from "../transfer/announced-transfer.js";
import type { EngineContext } from "./context.js";
import type { Path } from "./path.js";

/** What of a path may only grow. */
const GROWING = [
  "notifyLimit",
  "inlineLimit",
  "notifyGranted",
  "inlineGranted",
  "nextNotifySeq",
  "inlineSent",
  "notifyFinished",
] as const;

// Beyond that not each call is worth a look at each transfer.
const FEW_TRANSFERS = 512;
const FEW_EDGES = 64;
const CALLS_BETWEEN = 64;
const MAX_TOMBSTONES = 65_536;

/** What an engine holds, counted anew. */
interface Recount {
  /** Own transfers that hold a reference of a buffer. */
  attached: number;
  /** Bytes that are asked for, by path. */
  readonly outstanding: Map<number, number>;
  /** Transfers that live, by path. */
  readonly live: Map<number, number>;
}

/**
 * What must hold of an engine between any two calls: credit never falls and is never exceeded, every queue stays within its
 * limit, and what is counted is what is there. Nothing of it runs unless somebody asks.
 *
 * @see spec/dcquic.md §11, §23
 */
export class EngineInvariants {
  readonly #context: EngineContext;
  readonly #seen = new WeakMap<Path, readonly number[]>();
  #calls = 0;

  /** Looks at what `context` holds. */
  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** What is wrong, or `undefined`. */
  broken(): string | undefined {
    const { transfers, paths } = this.#context;
    for (const path of paths.values()) {
      const wrong = this.#credit(path) ?? this.#queues(path);
      if (wrong !== undefined) return `${wrong} on path ${path.id}`;
    }
    this.#calls += 1;
    if (transfers.size > FEW_TRANSFERS && !this.#isRare) return this.#tables();
    return this.#tables() ?? this.#counts();
  }

  #credit(path: Path): string | undefined {
    const now = GROWING.map((key) => path[key]);
    const before = this.#seen.get(path) ?? now;
    this.#seen.set(path, now);
    const fell = GROWING.find((_, i) => (now[i] ?? 0) < (before[i] ?? 0));
    if (fell !== undefined) return `${fell} fell`;
    if (path.nextNotifySeq > path.notifyLimit) return "announcements exceed their credit";
    if (path.inlineSent > path.inlineLimit) return "inline bytes exceed their credit";
    if (path.inlineReceived > path.inlineGranted) return "inline bytes were taken beyond credit";
    return undefined;
  }

  #queues(path: Path): string | undefined {
    const { maxTransfersPerPeer } = this.#context.config;
    if (path.live < 0) return `${path.live} transfers`;
    if (path.sender.outstanding < 0) return `${path.sender.outstanding} bytes outstanding`;
    for (const worker of path.workers) {
      if (worker.live.size > maxTransfersPerPeer) return `${worker.live.size} transfers of a peer`;
      if (worker.tombstones.size > MAX_TOMBSTONES) return `${worker.tombstones.size} tombstones`;
    }
    return undefined;
  }

  #tables(): string | undefined {
    const { buffers, causality, config, pulls, transfers } = this.#context;
    if (transfers.size > config.maxTransfers) return `${transfers.size} entries`;
    if (causality.size > config.causalityMaxSlots) return `${causality.size} tracked transfers`;
    if (buffers.pressure > 1) return `${buffers.usedBytes} bytes of buffers`;
    if (pulls.outstanding < 0) return `${pulls.outstanding} bytes outstanding`;
    const isWalked = causality.edges > 0 && (causality.edges <= FEW_EDGES || this.#isRare);
    if (isWalked && causality.cycle() !== undefined) return "a transfer waits for itself";
    return undefined;
  }

  get #isRare(): boolean {
    return this.#calls % CALLS_BETWEEN === 0;
  }

  #counts(): string | undefined {
    const { buffers, paths, pulls } = this.#context;
    const { attached, outstanding, live } = this.#recount();
    let sum = 0;
    for (const { id, sender, openCloses, live: counted } of paths.values()) {
      const asked = outstanding.get(id) ?? 0;
      sum += asked;
      if (sender.outstanding !== asked) {
        return `${sender.outstanding} bytes count as outstanding, ${asked} are, on path ${id}`;
      }
      const here = (live.get(id) ?? 0) + openCloses.size;
      if (counted !== here) return `${counted} count as live, ${here} are, on path ${id}`;
    }
    if (pulls.outstanding !== sum) return `${pulls.outstanding} bytes outstanding, ${sum} by path`;
    return referencesBroken(buffers, attached);
  }

  #recount(): Recount {
    const count: Recount = { attached: 0, outstanding: new Map(), live: new Map() };
    for (const entry of this.#context.transfers.values()) {
      if (entry.role === "announcer") {
        if (holdsBuffer(entry)) count.attached += 1;
        if (!entry.isOver) add(count.live, entry.path, 1);
      } else if (entry.role === "puller") {
        add(count.live, entry.path, 1);
        for (const { left } of entry.pulls) add(count.outstanding, entry.path, left);
      }
    }
    return count;
  }
}

function referencesBroken(buffers: BufferRegistry, attached: number): string | undefined {
  const { attachments, references, size } = buffers;
  if (attachments !== attached) return `${attached} transfers hold ${attachments} buffers`;
  // Each buffer that is still there is somebody's: of a transfer, a handle, or a peer that reads it.
  if (references < Math.max(size, attachments))
    return `${references} references of ${size} buffers`;
  return undefined;
}

function holdsBuffer({ payload }: AnnouncedTransfer): boolean {
  return !(payload instanceof Uint8Array);
}

function add(counts: Map<number, number>, key: number, more: number): void {
  counts.set(key, (counts.get(key) ?? 0) + more);
}
