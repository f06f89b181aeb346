import type { HdePlatform } from "../../hde/hde-platform.js";
import type { RoundInfo } from "../../migration/round-offer.js";
import type { Session } from "../../session/session.js";
import type { OfferMessage } from "../../wire/transfer-messages.js";
import type { PayloadPool } from "../net/payload-pool.js";
import type { ObjectStore, StoredObject } from "../store/object-store.js";
import type { HdePool } from "../workers/hde-pool.js";
import type { UsedDictionary } from "./unit-decoder.js";
import type { Verification } from "./verification.js";
import type { WorkTally } from "./work-tally.js";

/** Hears of an object that arrived whole, and which round of a migration it is, if it is one. */
export type Received = (object: StoredObject, round?: RoundInfo) => void | Promise<void>;

/** What a job is made of. */
export interface ReceiveJobContext {
  readonly session: Session;
  readonly store: ObjectStore;
  readonly platform: HdePlatform;
  /** Memory that units came in. */
  readonly payloads: PayloadPool;
  readonly pool: HdePool;
  /** Finds a dictionary by its id, and keeps it until `release`. */
  readonly dictionary: (id: string) => UsedDictionary | undefined;
  readonly offer: OfferMessage;
  readonly received: Received;
  readonly verification: Verification;
  readonly work: WorkTally;
  readonly stirred: () => void;
  /** Hears once that it is over, with its files closed. */
  readonly ended: () => void;
}
