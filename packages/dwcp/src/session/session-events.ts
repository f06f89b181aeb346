import type { DwcpError } from "../errors.js";
import type { ArrivedChunk } from "../wire/chunk.js";
import type { ChunkAt } from "../wire/chunk-at.js";
import type { MemoryMessage } from "../wire/memory-message.js";
import type { OfferMessage } from "../wire/transfer-messages.js";
import type {
  BaselineIdsMessage,
  BaselineStateMessage,
  DictDataMessage,
  DictOfferMessage,
  DictStateMessage,
} from "../wire/store-messages.js";
import type { NackReason, RoundMessage, SwitchoverMessage } from "../wire/transfer-messages.js";

/** Messages about baselines and dictionaries, which sessions only carry. */
export type StoreMessage =
  | BaselineIdsMessage
  | BaselineStateMessage
  | DictOfferMessage
  | DictStateMessage
  | DictDataMessage;

/** Messages of a live migration, which sessions only carry. */
export type MigrationMessage = RoundMessage | SwitchoverMessage;

/** News of a session for its owner. */
export type SessionEvent =
  /** The peer wants to send an object: answer with `accept` or `reject`. */
  | { readonly kind: "offered"; readonly offer: OfferMessage }
  /** The receiver took an offer; units may be encoded. */
  | { readonly kind: "accepted"; readonly transferId: string }
  /** A unit has to be decoded and stored: answer with `stored` or `refused`. `chunk.encoded` may be a view: copy what is kept. */
  | { readonly kind: "unitArrived"; readonly handle: number; readonly chunk: ArrivedChunk }
  /** A unit lies in the peer's memory: answer with `fetched` or `unfetched`. */
  | {
      readonly kind: "unitAnnounced";
      readonly handle: number;
      readonly streamIndex: number;
      readonly unit: ChunkAt;
    }
  /** The peer opened memory, or can read this side's. */
  | { readonly kind: "memoryOpened"; readonly message: MemoryMessage }
  /** Every byte of an outgoing object arrived: answer with `finish`. */
  | { readonly kind: "arrived"; readonly transferId: string }
  /** The sender states the root of what it sent: verify what is stored, answer with `verified`, `askLeaves` or `fail`. */
  | { readonly kind: "finished"; readonly handle: number; readonly rootHash: string }
  /** The receiver asks for digests of leaves: answer with `giveLeaves`. */
  | {
      readonly kind: "leavesAsked";
      readonly transferId: string;
      readonly first: number;
      readonly count: number;
    }
  /** The sender's digests of leaves, to be compared with what is stored. */
  | {
      readonly kind: "leavesGiven";
      readonly handle: number;
      readonly first: number;
      readonly digests: readonly string[];
    }
  /** The receiver verified an outgoing object. */
  | { readonly kind: "verified"; readonly transferId: string }
  /** An outgoing object is safe at the receiver. */
  | { readonly kind: "committed"; readonly transferId: string; readonly rootHash: string }
  /** A unit went another way, because the receiver lacks what it was made with. */
  | { readonly kind: "fellBack"; readonly transferId: string; readonly reason: NackReason }
  /** The peer steers a transfer. */
  | {
      readonly kind: "paused" | "continued" | "cancelled";
      readonly transferId: string;
      readonly reason: string;
    }
  /** A transfer is over without success. */
  | { readonly kind: "failed"; readonly transferId: string; readonly error: DwcpError }
  | { readonly kind: "storeMessage"; readonly message: StoreMessage }
  | { readonly kind: "migrationMessage"; readonly message: MigrationMessage }
  /** A stream has to be closed. */
  | { readonly kind: "streamDied"; readonly streamIndex: number; readonly error: DwcpError }
  /** The peer needs a stream for others: it is drained, and closed after that. */
  | { readonly kind: "streamUnwanted"; readonly streamIndex: number }
  /** The peer takes no new transfers. */
  | { readonly kind: "goingAway"; readonly reason: string }
  /** The last stream is gone; within the session's time to live another one may attach. */
  | { readonly kind: "lost" }
  /** Nothing comes through on any stream: a fresh connection tells soonest when that changes. */
  | { readonly kind: "pathSilent" }
  /** Something came through again, and streams that still wait for their retransmission were given up. */
  | { readonly kind: "pathBack" }
  /** A stream is there again. */
  | { readonly kind: "recovered" }
  /** The session is over. */
  | { readonly kind: "closed"; readonly error: DwcpError | undefined };
