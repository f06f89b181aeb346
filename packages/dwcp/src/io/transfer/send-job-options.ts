import type { DwcpError } from "../../errors.js";
import type { HdePlatform } from "../../hde/hde-platform.js";
import type { ObjectSettings } from "../../hde/object-encoder.js";
import type { Session } from "../../session/session.js";
import type { CodecName } from "../../wire/codec.js";
import type { OfferMessage } from "../../wire/transfer-messages.js";
import type { LoadGauge } from "../load-gauge.js";
import type { HdePool } from "../workers/hde-pool.js";
import type { SendBaseline, SendDictionary } from "./extent-encoder.js";
import type { SendSource } from "./send-source.js";
import type { Verification } from "./verification.js";
import type { WorkTally } from "./work-tally.js";

/** What a job ends with. */
export interface SendResult {
  /** 16 bytes, in hexadecimal: the same for every attempt. */
  readonly transferId: string;
  /** The content id that both sides computed, in hexadecimal. */
  readonly rootHash: string;
  /** Bytes of the object. */
  readonly rawBytes: number;
  /** Bytes of all frames of units, with repeats. */
  readonly wireBytes: number;
  /** Units by codec. */
  readonly units: Readonly<Partial<Record<CodecName, number>>>;
  /** How often a unit was encoded without something that the receiver turned out to lack. */
  readonly fallbacks: number;
  /** The content id of the baseline that was used last, if one was. */
  readonly baselineId: string | undefined;
}

/** What a job is made of. */
export interface SendJobOptions {
  readonly offer: OfferMessage;
  readonly object: SendSource;
  /** The best first. */
  readonly baselines: readonly SendBaseline[];
  readonly dictionary?: SendDictionary | undefined;
  readonly platform: HdePlatform;
  readonly settings: ObjectSettings;
  readonly pool: HdePool;
  readonly load: LoadGauge;
  readonly work: WorkTally;
  readonly adaptive: boolean;
  readonly cpuCeiling: number;
  readonly sendAheadUnits: number | undefined;
  readonly verification: Verification;
  readonly settled: (result: SendResult | DwcpError) => void;
  /** Ends the transfer here and at the peer. */
  readonly failed: (error: DwcpError) => void;
  /** An object that grew has its length. */
  readonly ended: () => void;
  readonly progress: (arrivedBytes: number, wireBytes: number) => void;
  /** Part of the session's bytes that it gets at least, 0 to 1. */
  readonly minShare?: number | undefined;
  /** Hears that the receiver verified the object, as often as it says so. */
  readonly verified?: ((session: Session) => void) | undefined;
  /** There is something to send that the session does not know to be due. */
  readonly stirred: () => void;
}
