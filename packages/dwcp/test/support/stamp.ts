import type { DeliveryStamp } from "#src/rate/delivery-meter.js";

/** Of a unit that was the first to go, where no time matters. */
export const firstStamp: DeliveryStamp = {
  sentUs: 0,
  deliveredBytes: 0,
  deliveredUs: 0,
  firstSentUs: 0,
  appLimited: false,
  alone: true,
};
