import { localPool } from "../support/udp-pools.js";
import { poolConformance } from "./pool-cases.js";

const settings = { preset: "twoCoreTest", workers: 2 } as const;

poolConformance(
  "two workers on each side",
  async () => {
    const [caller, answerer] = await Promise.all([
      localPool({ settings }),
      localPool({ settings }),
    ]);
    return {
      caller,
      answerer,
      run: (done) => done,
      dispose: async () => {
        await Promise.all([caller.close(), answerer.close()]);
      },
    };
  },
  { sizes: [0, 1, 1025, 65_537] },
);
