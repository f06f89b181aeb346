import { setImmediate } from "node:timers/promises";
import { attachedInSim } from "../support/lanes.js";
import { expectClean } from "../support/settled.js";
import { runUntil, simPools } from "../support/sim-pools.js";
import { poolConformance } from "./pool-cases.js";

poolConformance("shared handles, in the simulator", async () => {
  const pools = simPools({ network: { bytesPerSecond: 3.125e9 }, config: { mtuBytes: 8900 } });
  const [caller, answerer] = [await attachedInSim(pools, 0), await attachedInSim(pools, 1)];
  return {
    caller: caller.pool,
    answerer: answerer.pool,
    run: (done) => runUntil(pools, done, pools.world.nowUs + 60e6),
    dispose: async () => {
      await pools.run(pools.world.nowUs + 5e6, setImmediate);
      expectClean(pools);
    },
  };
});
