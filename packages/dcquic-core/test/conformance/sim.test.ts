import { simPools, runUntil } from "../support/sim-pools.js";
import { poolConformance } from "./pool-cases.js";

poolConformance("the simulator", () => {
  const pools = simPools({ network: { bytesPerSecond: 3.125e9 }, config: { mtuBytes: 8900 } });
  return Promise.resolve({
    caller: pools.pool(0),
    answerer: pools.pool(1),
    run: (done) => runUntil(pools, done, pools.world.nowUs + 60e6),
    dispose: () => Promise.resolve(),
  });
});
