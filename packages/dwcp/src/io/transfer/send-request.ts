import type { DeltaAlgorithm } from "../../hde/delta-algorithm.js";
import type { Session } from "../../session/session.js";
import type { TransferKind } from "../../wire/transfer-messages.js";
import type { SendFrom } from "./send-source.js";
import type { Spool } from "./spool.js";

/** An object that is to be sent. */
export interface SendRequest {
  /** What the object is called, at both sides. */
  readonly key: string;
  /** Rises with every state of the object. */
  readonly generation?: number;
  /** A path, bytes that nobody changes meanwhile, or a stream of bytes. */
  readonly from: SendFrom | Spool;
  /** Earlier states that the peer may have, the best first: paths or bytes. What the node kept itself comes after them. */
  readonly baselines?: readonly (string | Uint8Array)[];
  /** 0 stores, 1 to 9 compress; 3 when absent. */
  readonly level?: number;
  /** Whether the level follows CPU and link from there on; it does unless `level` is given. */
  readonly adaptive?: boolean;
  /** What a sample of bytes has to shrink by, original by compressed, or else they are stored; 1.1 when absent. */
  readonly minRatio?: number;
  /** Stretches of the object that each worker may be ahead of what is sent; 2 when absent. */
  readonly sendAheadUnits?: number;
  /** What small objects like this one are called: dictionaries are trained of them, and used. */
  readonly resourceClass?: string;
  /** How differences are found. */
  readonly algorithm?: DeltaAlgorithm;
  /** Share against other transfers. */
  readonly priority?: number;
  /** 16 bytes in hexadecimal: the same again goes on where an earlier attempt ended. */
  readonly transferId?: string;
  /**
   * Ends the transfer, and has the peer forget what arrived; with a DwcpError `dwcp.shutdown` as its reason that stays, for
   * the same `transferId` to go on later.
   */
  readonly signal?: AbortSignal;
  /** Hears how many raw bytes are known to have arrived, and how many bytes of frames of units that took, with repeats. */
  readonly progress?: (arrivedBytes: number, rawBytes: number, wireBytes: number) => void;
}

/** A send with what only migrations ask for. spec/dwcp.md B15 */
export interface SendOrder extends SendRequest {
  readonly transferKind?: TransferKind;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Part of the session's bytes that it gets at least, 0 to 1. */
  readonly minShare?: number;
  /** The state before, which the peer committed: its content id is known, and most of it is where it was. */
  readonly previous?: { readonly path: string; readonly id: string } | undefined;
  /** Hears that the receiver verified the object, as often as it says so. */
  readonly verified?: (session: Session) => void;
}
