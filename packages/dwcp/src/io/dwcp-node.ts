import type { CeilingReading } from "../session/stream-ceiling.js";
import type { DictionaryInfo } from "../dictionary/dictionary-book.js";
import type { MigrationRequest, MigrationResult } from "./migration/migrate.js";
import type { PeerAddress } from "./net/link-options.js";
import type { StreamReading } from "./net/stream-reading.js";
import type { TrafficReading } from "./net/traffic-tally.js";
import type { RmaReading } from "./rma/open-carrier.js";
import type { ObjectStore } from "./store/object-store.js";
import type { SendRequest } from "./transfer/send-request.js";
import type { SendResult } from "./transfer/send-job-options.js";
import type { KeptStateInfo } from "./transfer/sent-states.js";
import type { PeerStates } from "./transfer/store-talk.js";
import type { WorkReading } from "./transfer/work-tally.js";

/** A running node: it sends objects to peers, and takes theirs. */
export interface DwcpNode {
  /** Where it listens. */
  readonly address: PeerAddress | undefined;
  /** The objects that it received. */
  readonly store: ObjectStore | undefined;
  /**
   * Sends an object and waits until it is verified, synced and published at the peer.
   *
   * @throws DwcpError with the reason; `retryable` says whether the same transfer may go on later.
   */
  send(peer: PeerAddress, request: SendRequest): Promise<SendResult>;
  /**
   * Moves something that runs on meanwhile, in rounds, until it stands still for the last one. Afterwards it may run at the peer,
   * and must not here any more.
   *
   * @throws DwcpError why it did not move: then the source runs again, unless `details.switchedOver` says that the peer
   * may have it. spec/dwcp.md B15
   */
  migrate(peer: PeerAddress, request: MigrationRequest): Promise<MigrationResult>;
  /**
   * Asks a peer, while there is a session with it, which states it has. Without a session all are missing.
   *
   * @throws DwcpError `dwcp.timeout`.
   */
  queryBaselines(peer: PeerAddress, ids: readonly string[]): Promise<PeerStates>;
  /** Removes kept states that are too old or too many, and tells peers; gives their content ids. */
  pruneBaselines(): readonly string[];
  /** States that are kept to send the next ones against. */
  readonly baselines: readonly KeptStateInfo[];
  /** Dictionaries that were trained here, or came from peers. */
  readonly dictionaries: readonly DictionaryInfo[];
  /** Holds a transfer, across sessions, or lets it go on; `false` when none of that id is under way. */
  steer(transferId: string, verb: "pause" | "continue"): boolean;
  /** Whether a transfer is held, by {@link DwcpNode.steer} or by a peer that has no room. */
  isPaused(transferId: string): boolean;
  /** Trains dictionaries of the samples at hand, due or not; gives the classes that have a new one. */
  trainDictionaries(): Promise<readonly string[]>;
  /** What went between this node and its peers: one reading for each that it calls, one for all that call it. */
  readonly traffic: readonly TrafficReading[];
  /** Every stream of every session, for people to look at. */
  readonly streams: readonly StreamReading[];
  /** How many streams all sessions have together, and may have. */
  readonly ceiling: CeilingReading;
  /** Sets how many streams all sessions may have from now on, as `streams.maxStreamsTotal`; what is above is drained. */
  limitStreams(total: number): void;
  /** What came of asking for memory access; `undefined` where nobody did. */
  readonly rma: RmaReading | undefined;
  /** What encoding, decoding and verifying came to. */
  readonly work: WorkReading;
  /** Ends everything; transfers can go on later. */
  close(): Promise<void>;
}
