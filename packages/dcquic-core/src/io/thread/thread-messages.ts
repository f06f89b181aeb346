import type { SharedBuffer } from "../../buffer/registered-buffer.js";
import type {
  AnnounceOptions,
  AnnounceResult,
  TokenOutcome,
} from "../../engine/announce-options.js";
import type { EngineConfig } from "../../engine/config.js";
import type { EngineEvent, PathId } from "../../engine/events.js";
import type { AddressOwner } from "../../engine/path.js";
import type { PlacedAccept } from "../../engine/puller.js";
import type { CloseOptions } from "../../engine/stream-closer.js";
import type { Measured } from "../../metrics/engine-metrics.js";
import type { EstablishedPath } from "../../path/handshake.js";
import type { Id64 } from "../../wire/id64.js";
import type { RmaOffer } from "../../negotiate/transport-choice.js";
import type { RmaSideOptions } from "../rma/rma-side.js";
import type { Polling } from "../native/native-driver-options.js";
import type { HandedPacket, OutgoingPacket, UdpAddress } from "../peer-addresses.js";
import type { Sender } from "../pool/pool-driver.js";
import type { SocketSettings } from "../socket-settings.js";

/** An announcement whose payload another thread can see. */
export type ThreadAnnounce = Omit<AnnounceOptions, "payload"> & {
  readonly payload: Uint8Array | SharedBuffer;
};

/** What an application asks of an engine on another thread. */
export type ThreadCommand =
  | {
      readonly kind: "announce";
      readonly call: number;
      readonly path: PathId;
      readonly options: ThreadAnnounce;
    }
  | { readonly kind: "accept"; readonly transfer: Id64; readonly placed: PlacedAccept | undefined }
  | { readonly kind: "placed"; readonly transfer: Id64; readonly bytes: number }
  | { readonly kind: "reject" | "consume" | "cancel"; readonly transfer: Id64 }
  | { readonly kind: "close"; readonly path: PathId; readonly options: CloseOptions }
  | { readonly kind: "settleToken"; readonly token: Id64; readonly outcome: TokenOutcome }
  | {
      readonly kind: "addPath";
      readonly path: PathId;
      readonly established: EstablishedPath;
      readonly address: UdpAddress;
    }
  | {
      readonly kind: "addAddress";
      readonly path: PathId;
      readonly address: UdpAddress;
      readonly whose: AddressOwner;
    }
  | { readonly kind: "doubt"; readonly path: PathId }
  | { readonly kind: "nextAddress"; readonly path: PathId; readonly silentUs: number }
  | { readonly kind: "removePath"; readonly path: PathId }
  | { readonly kind: "moveTransfers"; readonly path: PathId; readonly to: PathId }
  | { readonly kind: "addForeignPath"; readonly credentialId: Uint8Array; readonly home: number }
  | { readonly kind: "removeForeignPath"; readonly credentialId: Uint8Array }
  | { readonly kind: "takeForeign"; readonly packet: HandedPacket }
  | { readonly kind: "sendBy"; readonly whom: Sender }
  | { readonly kind: "sendFor"; readonly packet: OutgoingPacket }
  | { readonly kind: "failPath"; readonly path: PathId; readonly status: number }
  | { readonly kind: "watch"; readonly groups: number }
  | { readonly kind: "measure" }
  | { readonly kind: "stop" };

/** What the engine's thread tells. */
export type ThreadNews =
  | { readonly kind: "event"; readonly event: EngineEvent }
  | { readonly kind: "announced"; readonly call: number; readonly result: AnnounceResult }
  | { readonly kind: "bufferReleased"; readonly call: number }
  | { readonly kind: "nicLost"; readonly errno: number }
  | { readonly kind: "foreign"; readonly packet: HandedPacket }
  | { readonly kind: "outgoing"; readonly packet: OutgoingPacket }
  | { readonly kind: "measured"; readonly measured: Measured }
  | {
      readonly kind: "bound";
      readonly ports: readonly UdpAddress[];
      readonly notes: readonly string[];
      readonly rmaOffers: readonly RmaOffer[];
    }
  | { readonly kind: "notBound"; readonly code: string; readonly message: string };

/** What an engine's thread is started with. */
export interface ThreadStart {
  /** Where to listen. */
  readonly ports: readonly UdpAddress[];
  /** What differs from the defaults. */
  readonly config: Partial<EngineConfig>;
  /** See EngineHostOptions. */
  readonly resetSigner: Uint8Array;
  /** See EngineHostOptions. */
  readonly rma: RmaSideOptions | false | undefined;
  /** How its sockets are set up. */
  readonly sockets: SocketSettings | undefined;
  /** How it waits. */
  readonly polling: Polling;
  /** The processor it is pinned to, if any. */
  readonly cpu: number | undefined;
  /** Counters that both threads see: {@link ThreadWord}. */
  readonly words: Int32Array;
}

/** Where the counters lie that both threads see. */
export const ThreadWord = {
  /** Batches of commands that were posted: the engine's thread looks here before it asks for messages. */
  posted: 0,
  /** Iterations of the engine's loop. */
  iterations: 1,
  /** Transfers in the engine's table. */
  transfers: 2,
  /** KiB that wait in the engine, as of a moment ago. */
  queuedKib: 3,
  /** Datagrams for other workers that the application's thread did not pass on yet. */
  foreign: 4,
  /** Batches of commands that the engine's thread took, or {@link REVOKED}. */
  taken: 5,
  /** How many batches had been posted when those not taken were revoked. */
  revokedTo: 6,
  /** Datagrams to be sent by other workers that the application's thread did not pass on yet. */
  outgoing: 7,
  /** Batches of commands of which something may have been sent, or {@link REVOKED}. */
  sent: 8,
} as const;

/** Stands for the batches taken, or sent, once the others were revoked: no count of batches. */
export const REVOKED: number = -(2 ** 31);

/** How many there are. */
export const THREAD_WORDS = 16;
