import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { runSuite, type Suite } from "@proj/bench";

const quickly = ["--rounds", "3", "--round-ms", "1", "--let-cpus-sleep"];

function suiteOf(opened: string[]): Suite {
  const peer = (name: string, target?: { atMost: number }) => ({
    name,
    ...(target === undefined ? {} : { target }),
    open: () => {
      opened.push(`open ${name}`);
      return { run: async () => name, close: () => void opened.push(`close ${name}`) };
    },
  });
  return {
    name: "waiting",
    question: "Does it run?",
    cases: [
      {
        name: "one",
        pace: { kind: "sequential" },
        peers: [peer("ours"), peer("theirs", { atMost: 1000 })],
      },
      { name: "two", pace: { kind: "pipelined", inFlight: 2 }, peers: [peer("ours")] },
    ],
    facts: async () => [{ name: "answer", value: 42, unit: "", target: { atLeast: 40 } }],
  };
}

describe("runSuite", () => {
  const log = jest.spyOn(console, "log").mockImplementation(() => undefined);
  afterEach(() => void log.mockClear());
  const printed = (): string => log.mock.calls.map(([line]) => String(line)).join("\n");

  test("--help tells the options, and what is no option ends the process with 2: nothing is run", async () => {
    const opened: string[] = [];
    const out = jest.spyOn(process.stdout, "write").mockReturnValue(true);
    const err = jest.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      await runSuite(suiteOf(opened), ["--help"]);
      expect(process.exitCode).toBeUndefined();
      expect(String(out.mock.calls[0]?.[0])).toMatch(/^Does it run\?[\s\S]*--rounds <n>/);
      const wrong = [["--fast"], ["--rounds"], ["--rounds", "0"], ["--round-ms", "a"], ["extra"]];
      for (const argv of wrong) {
        err.mockClear();
        process.exitCode = undefined;
        await runSuite(suiteOf(opened), argv);
        expect(process.exitCode).toBe(2);
        expect(String(err.mock.calls[0]?.[0])).toMatch(/--rounds <n>/);
        if (argv[1] === "0") {
          expect(String(err.mock.calls[0]?.[0])).toMatch(
            /^--rounds takes a whole number above 0, got 0/,
          );
        }
      }
    } finally {
      process.exitCode = undefined;
      out.mockRestore();
      err.mockRestore();
    }
    expect(opened).toEqual([]);
  });

  test("prints a table a case, with targets and verdicts, and closes what it opened", async () => {
    const opened: string[] = [];
    await runSuite(suiteOf(opened), quickly);
    expect(printed()).toMatch(/one \(3 rounds\)[\s\S]*theirs .*≤ 1000 +met/);
    expect(printed()).toMatch(/answer +42 +≥ 40 +met/);
    expect(opened).toEqual([
      "open ours",
      "open theirs",
      "close ours",
      "close theirs",
      "open ours",
      "close ours",
    ]);
  });

  test("collects before every turn, warm-up included: all garbage, or the young where a case says so", async () => {
    const collected: unknown[] = [];
    const { gc } = globalThis;
    globalThis.gc = ((options: unknown) => void collected.push(options)) as typeof globalThis.gc;
    try {
      const [one] = suiteOf([]).cases;
      if (one === undefined) throw new Error("no case");
      await runSuite({ ...suiteOf([]), cases: [one] }, quickly);
      await runSuite({ ...suiteOf([]), cases: [{ ...one, collect: "young" }] }, quickly);
    } finally {
      globalThis.gc = gc;
    }
    const turns = 2 * (1 + 3);
    expect(collected).toEqual([
      ...Array.from({ length: turns }, () => undefined),
      ...Array.from({ length: turns }, () => ({ type: "minor" })),
    ]);
  });

  test("prints one JSON document and nothing else where it is asked to", async () => {
    await runSuite(suiteOf([]), [...quickly, "--json"]);
    expect(log).toHaveBeenCalledTimes(1);
    const { name, cases, facts, machine, cpus } = JSON.parse(printed());
    expect(cpus).toEqual({ kind: "free to sleep", why: "--let-cpus-sleep" });
    expect(name).toBe("waiting");
    expect(machine.versions.node).toBe(process.versions.node);
    expect(cases[0].peers[1]).toMatchObject({
      name: "theirs",
      target: { atMost: 1000 },
      met: true,
    });
    expect(cases[1].compared).toBe("throughput");
    expect(facts).toEqual([
      { name: "answer", value: 42, unit: "", target: { atLeast: 40 }, met: true },
    ]);
  });

  test("runs only the cases that were asked for", async () => {
    await runSuite(suiteOf([]), [...quickly, "--case", "tw"]);
    expect(printed()).not.toContain("one (");
    expect(printed()).toContain("two (");
  });
});
