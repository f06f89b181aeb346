import { expect, test } from "@jest/globals";
import type { RmaProviderName } from "@proj/dcquic-core";
import { bindNative, type BindOptions, type NativeDriver } from "@proj/dcquic-core/node";
import { backend } from "@proj/native-io";
import { localPair } from "../support/udp-pools.js";
import { poolConformance } from "./pool-cases.js";

const there = backend.kind === "native" ? backend.rma.providers().map(({ name }) => name) : [];

for (const provider of ["shm", "net", "sockets"] as const) {
  if (there.includes(provider)) conform(provider);
  else test.skip(`the patterns over RMA by ${provider}: it is not here`, () => {});
}

function conform(provider: RmaProviderName): void {
  const drivers: NativeDriver[] = [];
  const bind = async (options: BindOptions): Promise<NativeDriver> => {
    const rma = { providers: [provider], source: "127.0.0.1" };
    const driver = await bindNative({ ...options, rma });
    drivers.push(driver);
    return driver;
  };
  poolConformance(`RMA by ${provider}`, async () => {
    const pair = await localPair({ bind });
    return {
      ...pair,
      dispose: async () => {
        const used = drivers.splice(0);
        const read = used.reduce((sum, driver) => sum + driver.rmaBytesRead, 0);
        const counts = used.map(({ engine }) => engine.counters);
        await pair.dispose();
        expect(read).toBeGreaterThan(0);
        expect(Math.max(...counts.map(({ rmaReads }) => rmaReads))).toBeGreaterThan(0);
        expect(counts.map(({ rmaErrors }) => rmaErrors)).toEqual(counts.map(() => 0));
      },
    };
  });
}
