import { expect, test } from "@jest/globals";
import { discoverNics } from "@proj/dcquic-core/node";
import { dcquicSchema } from "#src/dcquic/dcquic-config.js";
import { DcquicService } from "#src/dcquic/dcquic-service.js";
import { openDcquicPool } from "#src/dcquic/dcquic-client.js";
import { parseDcquicUrl } from "#src/dcquic/dcquic-url.js";
import { encodePurpose } from "#src/dcquic/purpose.js";
import { sharesThread, workerProblem, workerSettings } from "#src/dcquic/worker-settings.js";

const configOf = (table: Record<string, unknown>) => dcquicSchema.parse(table);

test("a table that says nothing of workers leaves one on the node's thread", () => {
  expect(workerSettings(configOf({}))).toBeUndefined();
  expect(sharesThread(workerSettings(configOf({})))).toBe(true);
  expect(sharesThread(workerSettings(configOf({ workers: 3 })))).toBe(true);
  expect(sharesThread(workerSettings(configOf({ nics: ["127.0.0.1"] })))).toBe(true);
  expect(sharesThread(workerSettings(configOf({ cores: 1 })))).toBe(false);
  expect(sharesThread(workerSettings(configOf({ preset: "cloudUdp25G" })))).toBe(false);
  expect(sharesThread(workerSettings(configOf({ preset: "cloudUdp25G", cores: 0 })))).toBe(true);
});

test("cores that the machine does not have are a problem with their key, before anything is bound", () => {
  expect(workerProblem(configOf({ workers: 2 }), 2)).toBeUndefined();
  expect(workerProblem(configOf({ cores: 1 }), 2)).toBeUndefined();
  expect(workerProblem(configOf({ preset: "efa8Nic" }), 2)).toMatch(/cores\.count: 24 of 2 cores/);
});

test("NICs are named by addresses of this host, each with a worker; another host's are a problem", () => {
  const { nics } = workerSettings(configOf({ nics: ["::1", "127.0.0.1"] })) ?? {};
  expect(nics?.map(({ address }) => address)).toEqual(["::1", "127.0.0.1"]);
  expect(workerProblem(configOf({ nics: ["::1", "127.0.0.1"] }), 2)).toBeUndefined();
  expect(workerProblem(configOf({ nics: ["::1", "127.0.0.1"], workers: 1 }), 2)).toMatch(
    /1 for 2 NICs: each needs one/,
  );
  expect(workerProblem(configOf({ nics: ["192.0.2.7"] }), 2)).toBe(
    "no interface of this host has the address 192.0.2.7",
  );
});

test("auto takes the cards that this host has, if there are any", () => {
  const addresses = discoverNics().map(({ address }) => address);
  const { nics } = workerSettings(configOf({ nics: "auto" })) ?? {};
  expect(nics?.map(({ address }) => address)).toEqual(addresses);
  const problem = workerProblem(configOf({ nics: "auto" }), 2);
  if (addresses.length === 0) expect(problem).toMatch(/nics: there is none/);
  else expect(problem).toBeUndefined();
});

test.each([
  { what: "three workers", table: { workers: 3 } },
  { what: "two NICs", table: { nics: ["127.0.0.1", "127.0.0.1"] } },
])(
  "a node of $what serves its callers, and lacks nothing that it would have to tell",
  async ({ table }) => {
    const key = new Uint8Array(32).fill(5);
    const told: string[] = [];
    const service = await DcquicService.start({
      config: configOf({ enabled: true, port: 0, ...table }),
      key,
      serveXcp: (stream) => stream.destroy(),
      told: ({ kind }) => told.push(kind),
      failed: () => {},
    });
    const peer = parseDcquicUrl(service.url) ?? "";
    const callers = await Promise.all(
      Array.from({ length: 6 }, () => openDcquicPool(key, { host: "127.0.0.1" })),
    );
    const answers = await Promise.all(
      callers.map(async (caller, i) => {
        const meta = encodePurpose({ for: "echo" });
        return (await caller.unaryRpc(peer, new Uint8Array(1000 * i), { meta }).response).bytes
          .length;
      }),
    );
    expect(answers).toEqual([0, 1000, 2000, 3000, 4000, 5000]);
    expect(told).toEqual([]);
    await Promise.all(callers.map((caller) => caller.close()));
    await service.close();
  },
);
