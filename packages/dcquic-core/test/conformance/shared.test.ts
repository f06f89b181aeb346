import { sharedPair } from "../support/shared-pools.js";
import { poolConformance } from "./pool-cases.js";

// Both pools are of a thread of their own, and both sides use them from another one.
poolConformance("handles on pools of another thread", () => sharedPair());
