import { localPool } from "../support/udp-pools.js";
import { poolConformance } from "./pool-cases.js";

poolConformance("node:dgram", async () => {
  const [caller, answerer] = await Promise.all([localPool(), localPool()]);
  return {
    caller,
    answerer,
    run: (done) => done,
    dispose: async () => {
      await Promise.all([caller.close(), answerer.close()]);
    },
  };
});
