import { localPair } from "../support/udp-pools.js";
import { poolConformance } from "./pool-cases.js";

const settings = { preset: "twoCoreTest", workers: 2 } as const;

poolConformance("two workers on each side", () => localPair({ settings }));
