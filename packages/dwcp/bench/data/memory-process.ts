// A process with something in its memory: an index of records, as a service keeps them. Each line of standard input names
// how much of it changes; the answer comes when it did.
import { createInterface } from "node:readline";

interface Row {
  id: number;
  owner: string;
  values: number[];
  text: string;
}

const ROWS = 200_000;
const shares: Readonly<Record<string, number>> = { idle: 0, light: 0.001, busy: 0.02, heavy: 0.6 };
const rows: Row[] = Array.from({ length: ROWS }, (_, id) => make(id, 0));
const cache = Buffer.alloc(48 * 2 ** 20);
let round = 0;

process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  round++;
  const step = Math.max(1, Math.round(1 / (shares[line] || 1e-9)));
  for (let id = round % step; id < ROWS; id += step) {
    rows[id] = make(id, round);
    const at = Math.imul(id, 0x9e3779b1) >>> 7;
    cache.write(rows[id]?.text ?? "", at % (cache.length - 200));
  }
  process.stdout.write("done\n");
}

function make(id: number, version: number): Row {
  const owner = `owner-${(id * 7919) % 1_000}`;
  const values = [id, id * version, version];
  return { id, owner, values, text: `row ${id} of ${owner} in version ${version} ${id * 31}` };
}
