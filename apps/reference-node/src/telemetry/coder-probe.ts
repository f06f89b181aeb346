import type { Meter } from "@proj/wire-types";
import type { CoderProbe } from "../ether-coder.js";
import { codecName } from "../inspect/names.js";

const buckets = [0.00001, 0.0001, 0.001, 0.01, 0.1, 1];

/** Makes a probe that reports times per codec. spec/xcp.md §21 */
export function coderProbe(meter: Meter): CoderProbe {
  const histogram = (what: string): ReturnType<Meter["histogram"]> =>
    meter.histogram({
      name: `ether_${what}_seconds`,
      help: `Time to ${what} one body, by codec.`,
      labels: ["codec"],
      buckets,
    });
  const histograms = { encode: histogram("encode"), decode: histogram("decode") };
  return {
    took: (what, bodyCodec, seconds) =>
      histograms[what].observe(seconds, { codec: codecName(bodyCodec) }),
  };
}
