import { expect, test } from "@jest/globals";
import { planCores } from "@proj/dcquic-core";

/** Two nodes of 48 cores with two threads each: 192 processors. */
const BIG = Array.from({ length: 192 }, (_, id) => ({
  id,
  node: Math.floor((id % 96) / 48),
  siblings: [id % 96, (id % 96) + 96],
}));
const NICS = [0, 0, 0, 0, 1, 1, 1, 1];

test("§3 row 19, cores: 8 NICs and 192 processors give every worker a core of its own near its NIC", () => {
  const plan = planCores({ cpus: BIG, isolated: [], nicNodes: NICS, count: 16 });
  expect(plan.workers).toHaveLength(16);
  const cores = new Set(plan.workers.map(({ cpu }) => (cpu ?? -1) % 96));
  expect(cores.size).toBe(16);
  for (const { cpu = -1, nic } of plan.workers) {
    expect(cpu).toBeGreaterThan(0);
    expect(BIG[cpu]?.node).toBe(NICS[nic]);
  }
  expect(plan.others).toHaveLength(192 - 16);
  expect(plan.poll).toBe("spin");
});

test("§19: isolated processors are preferred, others reported", () => {
  const plan = planCores({ cpus: BIG, isolated: [40, 41], nicNodes: [0], count: 3 });
  expect(plan.workers.map(({ cpu }) => cpu)).toEqual([40, 41, 1]);
  expect(plan.notes.join()).toMatch(/cores\.isolation.* 1$/);
});

test("§19: processors that are asked for are taken, even 0, and impossible ones are named", () => {
  const ids = [0, 96, 500, 5];
  const plan = planCores({
    cpus: BIG,
    isolated: [],
    nicNodes: [0],
    count: 0,
    ids,
    poll: "blocking",
  });
  expect(plan.workers.map(({ cpu }) => cpu)).toEqual([0, undefined, undefined, 5]);
  expect(plan.notes).toEqual(
    expect.arrayContaining([
      "processor 96 is on the core of another worker",
      "processor 500 is not one of this process",
      "4 cores wanted, 2 found: 2 workers share theirs",
    ]),
  );
  expect(plan.poll).toBe("blocking");
});

test("§19: two processors are enough to run, not to spin", () => {
  const two = BIG.slice(0, 2).map((cpu) => ({ ...cpu, siblings: [cpu.id] }));
  const plan = planCores({ cpus: two, isolated: [], nicNodes: [undefined], count: 0 });
  expect(plan.poll).toBe("hybrid");
  expect(plan.workers).toEqual([{ worker: 0, nic: 0, cpu: undefined }]);
  expect(plan.others).toEqual([]);
});
