import { type Fact, quantile, runSuite } from "@proj/bench";
import { overWebSocket } from "./support/connections.js";
import { libraries, type Library } from "./support/libraries.js";

/** How many clients call at once, each on a connection of its own, and how many calls each has under way. */
const SCENARIOS: readonly { readonly clients: number; readonly inFlight: number }[] = [
  { clients: 1, inFlight: 1 },
  { clients: 1, inFlight: 256 },
  { clients: 32, inFlight: 1 },
  { clients: 32, inFlight: 16 },
  { clients: 128, inFlight: 4 },
];
const SECONDS = process.argv.includes("--quick") ? 0.3 : 3;

await runSuite({
  name: "load",
  question: "How long do Cap'n Web calls take under load, and how many are there?",
  cases: [],
  facts: async () => {
    const found: Fact[] = [];
    for (const { clients, inFlight } of SCENARIOS) {
      for (const library of libraries) {
        found.push(...(await load(library, clients, inFlight)));
      }
    }
    return found;
  },
});

async function load(library: Library, clients: number, inFlight: number): Promise<Fact[]> {
  const connections = await Promise.all(
    Array.from({ length: clients }, () => overWebSocket(library)),
  );
  const samples: number[] = [];
  const call = async (main: { square(n: number): Promise<number> }): Promise<void> => {
    const startMs = performance.now();
    await main.square(7);
    samples.push((performance.now() - startMs) * 1000);
  };
  const run = async (seconds: number): Promise<void> => {
    const endMs = performance.now() + seconds * 1000;
    const callers = connections.flatMap(({ main }) =>
      Array.from({ length: inFlight }, async () => {
        while (performance.now() < endMs) await call(main);
      }),
    );
    await Promise.all(callers);
  };
  await run(SECONDS / 4);
  samples.length = 0;
  const before = process.cpuUsage();
  await run(SECONDS);
  const { user, system } = process.cpuUsage(before);
  const rate = samples.length / SECONDS;
  const sorted = Float64Array.from(samples).toSorted();
  await Promise.all(connections.map(async (connection) => await connection.close()));
  const name = `${library.name}, ${clients} clients × ${inFlight}`;
  return [
    { name, value: rate, unit: "calls/s" },
    { name: "  CPU", value: (user + system) / samples.length, unit: "µs a call" },
    ...[0.5, 0.9, 0.99, 0.999].map((q) => ({
      name: `  p${q * 100}`,
      value: quantile(sorted, q),
      unit: "µs",
    })),
  ];
}
