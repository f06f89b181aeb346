import { backend } from "@proj/native-io";
import { test } from "@jest/globals";
import { bindNative } from "@proj/dcquic-core/node";
import { localPool } from "../support/udp-pools.js";
import { poolConformance } from "./pool-cases.js";

if (backend.kind === "native") {
  poolConformance("native sockets", async () => {
    const [caller, answerer] = await Promise.all([
      localPool({ bind: bindNative }),
      localPool({ bind: bindNative }),
    ]);
    return {
      caller,
      answerer,
      run: (done) => done,
      dispose: async () => {
        await Promise.all([caller.close(), answerer.close()]);
      },
    };
  });
} else test.skip(`the patterns on native sockets: ${backend.reason}`, () => {});
