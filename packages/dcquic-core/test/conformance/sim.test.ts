import { setImmediate } from "node:timers/promises";
import { expectClean } from "../support/settled.js";
import { simPools, runUntil } from "../support/sim-pools.js";
import { poolConformance } from "./pool-cases.js";

poolConformance("the simulator", () => {
  const pools = simPools({ network: { bytesPerSecond: 3.125e9 }, config: { mtuBytes: 8900 } });
  return Promise.resolve({
    caller: pools.pool(0),
    answerer: pools.pool(1),
    run: (done) => runUntil(pools, done, pools.world.nowUs + 60e6),
    dispose: async () => {
      // Longer than anything is repeated for.
      await pools.run(pools.world.nowUs + 5e6, setImmediate);
      expectClean(pools);
    },
  });
});
