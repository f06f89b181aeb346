import { afterEach, describe, expect, test } from "@jest/globals";
import { formatCpuList, parseCpuList, readTopology } from "@proj/native-io";
import fc from "fast-check";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const roots: string[] = [];

/** A folder with the given files, like a part of sysfs. */
function sysfs(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "sysfs-"));
  roots.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  }
  return root;
}

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

describe("lists of processors", () => {
  test.each([
    ["", []],
    ["0", [0]],
    ["0-3,8,10-11", [0, 1, 2, 3, 8, 10, 11]],
    ["5,1-2,2\n", [1, 2, 5]],
  ])("%j", (text, cpus) => {
    expect(parseCpuList(text)).toEqual(cpus);
  });

  test.each(["x", "1-", "-1", "3-1", "0,,1", "0-99999", "8192", "0 1"])("%j is none", (text) => {
    expect(parseCpuList(text)).toBeUndefined();
  });

  test("any text is a list or none, and a written list is read back", () => {
    const runs = { numRuns: Number(process.env["FUZZ_RUNS"] ?? 100), verbose: true };
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseCpuList(text)?.length ?? 0).toBeLessThanOrEqual(8192);
      }),
      runs,
    );
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(300)), (cpus) => {
        expect(parseCpuList(formatCpuList(cpus))).toEqual(cpus.toSorted((a, b) => a - b));
      }),
      runs,
    );
  });
});

describe("topology", () => {
  test("of 192 processors in two nodes with eight network cards", () => {
    const files: Record<string, string> = {
      "devices/system/cpu/online": "0-191",
      "devices/system/cpu/isolated": "4-7,100-103",
      "devices/system/cpu/nohz_full": "4-7",
      "devices/system/node/online": "0-1",
      "devices/system/node/node0/cpulist": "0-47,96-143",
      "devices/system/node/node0/distance": "10 32",
      "devices/system/node/node1/cpulist": "48-95,144-191",
      "devices/system/node/node1/distance": "32 10",
      "class/net/lo/type": "772",
    };
    for (let cpu = 0; cpu < 192; cpu++) {
      const folder = `devices/system/cpu/cpu${cpu}/topology`;
      files[`${folder}/core_id`] = String(cpu % 48);
      files[`${folder}/physical_package_id`] = String(cpu % 96 < 48 ? 0 : 1);
      files[`${folder}/thread_siblings_list`] = `${cpu % 96},${(cpu % 96) + 96}`;
    }
    for (let card = 0; card < 8; card++) {
      files[`class/net/eth${card}/device/numa_node`] = String(card < 4 ? 0 : card === 7 ? -1 : 1);
      if (card > 0) files[`class/net/eth${card}/speed`] = card === 1 ? "-1" : "400000";
    }
    const topology = readTopology(sysfs(files));
    if (topology.kind === "refused") throw new Error(topology.reason);
    const { cpus, nodes, networkCards, isolated, tickless } = topology.value;
    expect(cpus).toHaveLength(192);
    expect(cpus[145]).toEqual({ id: 145, core: 1, package: 1, node: 1, siblings: [49, 145] });
    expect(nodes.map(({ id, cpus: own, distances }) => [id, own.length, distances])).toEqual([
      [0, 96, [10, 32]],
      [1, 96, [32, 10]],
    ]);
    expect(networkCards.map(({ node }) => node)).toEqual([0, 0, 0, 0, 1, 1, 1, undefined]);
    expect(networkCards.slice(0, 3).map(({ bitsPerSecond }) => bitsPerSecond)).toEqual([
      undefined,
      undefined,
      400e9,
    ]);
    expect(isolated).toEqual([4, 5, 6, 7, 100, 101, 102, 103]);
    expect(tickless).toEqual([4, 5, 6, 7]);
  });

  test("without nodes, topology or network is one node of single cores", () => {
    const topology = readTopology(sysfs({ "devices/system/cpu/online": "0-1" }));
    expect(topology).toEqual({
      kind: "done",
      value: {
        cpus: [0, 1].map((id) => ({ id, core: id, package: 0, node: 0, siblings: [id] })),
        nodes: [{ id: 0, cpus: [0, 1], distances: [10] }],
        networkCards: [],
        isolated: [],
        tickless: [],
      },
    });
  });

  test("is refused where there is none, or it cannot be read", () => {
    expect(readTopology("/nowhere")).toMatchObject({ kind: "refused", errno: "ENOENT" });
    expect(readTopology(sysfs({ "devices/system/cpu/online": "many" }))).toMatchObject({
      kind: "refused",
    });
  });
});
