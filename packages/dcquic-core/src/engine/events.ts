import type { PeerState } from "../health/peer-health.js";
import type { Id64 } from "../wire/id64.js";
import type { TransferPhase } from "./transfer-phase.js";

/** The number of a path in its engine. */
export type PathId = number & { readonly [pathId]: true };
declare const pathId: unique symbol;

/** What an engine tells its application. Times are the driver's; ids do not change afterwards. spec/dcquic.md §21 */
export type EngineEvent =
  /** A transfer came to a phase; told where someone watches. */
  | TransferPhase
  /** A peer announces a transfer; answer with `accept` or `reject`, now or later. */
  | {
      readonly kind: "transferOffered";
      readonly path: PathId;
      readonly transfer: Id64;
      readonly streamId: Id64;
      readonly shape: number;
      readonly priority: number;
      readonly messageSeq: number;
      readonly totalBytes: number;
      readonly meta: Uint8Array;
      /** The announcer's causality token, if it tracks the transfer. */
      readonly token: Id64 | undefined;
      /**
       * All of its bytes, where they rode in the announcement and are the only message of their direction. Who wants no more
       * than them calls `consume` when they were used, without `accept`.
       */
      readonly whole: Uint8Array | undefined;
    }
  /** A part of a transfer that was accepted to be placed is here and verified: call `placed` when it was used. */
  | {
      readonly kind: "recordPlaced";
      readonly path: PathId;
      readonly transfer: Id64;
      /** Where it begins in the message; plain bytes. */
      readonly offset: number;
      /** The receiver's. */
      readonly bytes: Uint8Array;
      /** Whether they lie in memory that was lent for them. */
      readonly inPlace: boolean;
    }
  /** All bytes of an accepted transfer are here; call `consume` when they were used. */
  | {
      readonly kind: "transferDelivered";
      readonly path: PathId;
      readonly transfer: Id64;
      readonly bytes: Uint8Array;
    }
  /** The peer knows of an own transfer, and not all of its bytes are there. */
  | { readonly kind: "transferAccepted"; readonly path: PathId; readonly transfer: Id64 }
  /** The peer said how many wire bytes of an own bulk transfer it has. */
  | {
      readonly kind: "transferProgressed";
      readonly path: PathId;
      readonly transfer: Id64;
      readonly ackedBytes: number;
      readonly totalBytes: number;
    }
  /** The peer has all bytes of an own transfer. */
  | {
      readonly kind: "transferDrained";
      readonly path: PathId;
      readonly transfer: Id64;
      /** Whether no `transferAccepted` came before, as of those whose bytes rode in the announcement. */
      readonly isFirstWord: boolean;
    }
  /** A transfer from the peer goes on on another path. */
  | {
      readonly kind: "transferMoved";
      readonly path: PathId;
      readonly transfer: Id64;
      readonly from: PathId;
    }
  /** A transfer ended otherwise. `status` is one of §15. */
  | {
      readonly kind: "transferFailed";
      readonly path: PathId;
      readonly transfer: Id64;
      readonly side: "announcer" | "puller";
      readonly status: number;
      /** Token of the transfer with which a cascade began. */
      readonly rootCause: Id64 | undefined;
    }
  /** What a held token's stream depends on failed, after its opening transfer was over. */
  | {
      readonly kind: "tokenFailed";
      readonly path: PathId;
      readonly token: Id64;
      readonly rootCause: Id64;
    }
  /** The peer closes a stream, or one direction of it. `opener` is true if this side opened the stream. */
  | {
      readonly kind: "streamClosed";
      readonly path: PathId;
      readonly streamId: Id64;
      readonly opener: boolean;
      readonly scope: number;
      readonly status: number;
      readonly finalCount: number;
      readonly reason: string;
    }
  /** The peer knows of an own close. */
  | { readonly kind: "streamCloseAcknowledged"; readonly path: PathId; readonly streamId: Id64 }
  /** What is thought of a peer changed. */
  | { readonly kind: "peerStateChanged"; readonly path: PathId; readonly state: PeerState }
  /** A path's peer is heard where nobody said that it receives: perhaps another one of its workers sends for it. §18 */
  | { readonly kind: "peerHeardElsewhere"; readonly path: PathId }
  /** For four round trips BBR saw less than half of what the puller wishes for; both in bytes per second. §12 */
  | {
      readonly kind: "ratesDisagreed";
      readonly path: PathId;
      readonly bandwidth: number;
      readonly wished: number;
    }
  /** Nothing was heard for too long, or the peer broke the protocol: the path's transfers failed. */
  | { readonly kind: "pathFailed"; readonly path: PathId; readonly status: number }
  /** The path's keys run out, or too many packets under it did not open: make a new path secret. Told once. §7.3 */
  | { readonly kind: "handshakeDue"; readonly path: PathId }
  /** A packet names a path that does not exist. */
  | {
      readonly kind: "unknownCredential";
      readonly address: number;
      readonly credentialId: Uint8Array;
      readonly packetBytes: number;
    }
  /** The peer of a path says it lost the path's secret. Nothing is believed yet: see UnknownSecretWatch. */
  | { readonly kind: "unknownPathSecret"; readonly path: PathId; readonly token: Uint8Array }
  /** Reads of the peer's memory failed too often: its bytes come by UDP for a minute. §16.3 */
  | { readonly kind: "rmaDowngraded"; readonly path: PathId }
  /** Something that an attack would look like. */
  | {
      readonly kind: "securityNoted";
      readonly path: PathId | undefined;
      readonly what: SecurityNote;
    };

/** What was noted. */
export type SecurityNote =
  | "creditViolation"
  | "openFailed"
  | "replayedPacket"
  | "belowWindow"
  | "protocolViolation"
  | "staleKeyJump"
  | "integrityFailed"
  | "foreignTransfer";
