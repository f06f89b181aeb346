import { backend } from "@proj/native-io";
import { test } from "@jest/globals";
import { bindNative, bindSpinning } from "@proj/dcquic-core/node";
import { localPair } from "../support/udp-pools.js";
import { poolConformance } from "./pool-cases.js";

if (backend.kind === "native") {
  poolConformance("native sockets", () => localPair({ bind: bindNative }));
  poolConformance("native sockets, spinning", () => localPair({ bind: bindSpinning }));
} else test.skip(`the patterns on native sockets: ${backend.reason}`, () => {});
