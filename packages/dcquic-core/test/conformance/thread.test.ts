import { test } from "@jest/globals";
import { bindThread } from "@proj/dcquic-core/node";
import { backend } from "@proj/native-io";
import { localPair } from "../support/udp-pools.js";
import { poolConformance } from "./pool-cases.js";

if (backend.kind === "native") {
  poolConformance("an engine on its own thread", () => localPair({ bind: bindThread }));
} else test.skip(`the patterns on a thread: ${backend.reason}`, () => {});
