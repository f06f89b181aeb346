import { localPair } from "../support/udp-pools.js";
import { poolConformance } from "./pool-cases.js";

poolConformance("node:dgram", () => localPair());
