import type { DeltaAlgorithm } from "@proj/dwcp";
import type { PeerAddress, SendRequest, SendResult } from "@proj/dwcp/node";
import { type Clock, isWireError } from "@proj/wire-types";
import { randomBytes } from "node:crypto";
import { formatReplicaKey } from "./replica-key.js";
import type { PendingState, ReplicationJournal } from "./replication-journal.js";
import { takeSnapshot } from "./snapshot.js";
import { fingerprintOf, type ReplicaSource } from "./source.js";

/** What sending a state came to: more than the first three where it went by DWCP from here. */
type Sent = Pick<SendResult, "rootHash" | "rawBytes" | "wireBytes"> &
  Partial<Pick<SendResult, "units" | "fallbacks" | "baselineId">>;

/** What brings a state to a node: a node of this process, or the manager of one. */
export interface ReplicaWay {
  send(peer: PeerAddress, request: SendRequest): Promise<Sent>;
}

/** What is replicated where, and how. */
export interface ReplicatorOptions {
  readonly node: ReplicaWay;
  readonly peer: PeerAddress;
  readonly source: ReplicaSource;
  /** What it is called at the receiver. */
  readonly name: string;
  readonly journal: ReplicationJournal;
  readonly clock: Clock & { wallMs(): number };
  readonly level: number;
  readonly algorithm: DeltaAlgorithm;
  /** Is told how much of how much has arrived. */
  readonly onProgress: (arrivedBytes: number, rawBytes: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** What one state of a source cost. */
export interface ReplicationReport extends Sent {
  readonly name: string;
  readonly generation: number;
  /** Bytes that the receiver had from an earlier attempt. */
  readonly resumedBytes: number;
  /** Whether an earlier state was at hand to tell the difference to. */
  readonly hadBase: boolean;
  readonly durationUs: number;
}

/** Brings states of one source to a node, each as the difference to the one before. */
export class Replicator {
  readonly #options: ReplicatorOptions;

  /** The journal is the caller's to close. */
  constructor(options: ReplicatorOptions) {
    this.#options = options;
  }

  /** Whether the source differs from what the receiver has, as far as names, sizes and times tell. */
  async hasNews(): Promise<boolean> {
    const { source, journal, signal } = this.#options;
    if (journal.pending !== undefined) return true;
    return (await fingerprintOf(source, signal)) !== journal.committed?.fingerprint;
  }

  /**
   * Replicates the present state. What an interrupted run left on its way is finished first.
   *
   * @throws ReplicateError why there is no snapshot
   * @throws the reason of its signal
   * @throws DwcpError why it did not arrive; where it is retryable, the next call goes on with it
   */
  async run(): Promise<readonly ReplicationReport[]> {
    const { journal, source } = this.#options;
    const reports: ReplicationReport[] = [];
    if (journal.pending !== undefined) {
      reports.push(await this.#send(journal.pending));
      if (!(await this.hasNews())) return reports;
    }
    const snapshot = await takeSnapshot(source, journal.pendingPath, this.#options.signal);
    const pending = {
      ...snapshot,
      transferId: randomBytes(16).toString("hex"),
      generation: this.#nextGeneration(),
    };
    await journal.begin(pending);
    reports.push(await this.#send(pending));
    return reports;
  }

  // Rises even where an earlier journal was lost, which the receiver would take for an older state.
  #nextGeneration(): number {
    const { journal, clock } = this.#options;
    return Math.max((journal.committed?.generation ?? 0) + 1, Math.floor(clock.wallMs()));
  }

  async #send(pending: PendingState): Promise<ReplicationReport> {
    const { journal, clock, node, peer, name, source, level, algorithm, signal } = this.#options;
    const { transferId, generation } = pending;
    const base = journal.basePath;
    const startUs = clock.nowUs();
    let resumedBytes: number | undefined;
    try {
      const sent = await node.send(peer, {
        key: formatReplicaKey({ form: source.kind === "directory" ? "tree" : "file", name }),
        generation,
        from: journal.pendingPath,
        baselines: base === undefined ? [] : [base],
        transferId,
        level,
        algorithm,
        ...(signal === undefined ? {} : { signal }),
        progress: (arrived, all) => {
          resumedBytes ??= arrived;
          this.#options.onProgress(arrived, all);
        },
      });
      const { fingerprint, bytes } = pending;
      await journal.commit({ fingerprint, bytes, generation, rootHash: sent.rootHash });
      const { rootHash, rawBytes, wireBytes, units, fallbacks, baselineId } = sent;
      const known = { rootHash, rawBytes, wireBytes };
      const durationUs = Math.round(clock.nowUs() - startUs);
      return {
        name,
        generation,
        ...known,
        ...(units === undefined ? {} : { units }),
        ...(fallbacks === undefined ? {} : { fallbacks }),
        ...(baselineId === undefined ? {} : { baselineId }),
        resumedBytes: resumedBytes ?? 0,
        hadBase: base !== undefined,
        durationUs,
      };
    } catch (error) {
      if (isWireError(error) && isHopeless(error.code)) await journal.abandon();
      throw error;
    }
  }
}

// The receiver will never take this very transfer; another one may do.
function isHopeless(code: string): boolean {
  return code === "dwcp.conflict" || code === "dwcp.integrity" || code === "dwcp.source_changed";
}
