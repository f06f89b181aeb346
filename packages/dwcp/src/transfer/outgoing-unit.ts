import type { UnitBody } from "../wire/chunk.js";
import type { DeliveryStamp } from "../rate/delivery-meter.js";
import type { EncodingRule } from "./encoding-rule.js";

/** A unit that was encoded and is not known to have arrived. */
export interface OutgoingUnit {
  readonly body: UnitBody;
  readonly rule: EncodingRule;
  /** How often it is under way at the moment. */
  flying: number;
  /** How often it was handed to a stream. */
  sends: number;
  /** Whether its extent is known to have arrived; copies of it are not sent any more. */
  done: boolean;
}

/** One copy of a unit that is under way. */
export interface FlyingUnit {
  readonly unitId: number;
  readonly unit: OutgoingUnit;
  /** The stream that carries it. */
  readonly streamIndex: number;
  /** What was known when it was sent. */
  readonly stamp: DeliveryStamp;
}
