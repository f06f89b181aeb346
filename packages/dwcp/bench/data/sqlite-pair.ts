import { command } from "@proj/peers/find";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pair } from "./pair.js";

const PROGRAM = `
import random, sqlite3, shutil, sys
random.seed(7)
before, after = sys.argv[1:]
letters = "abcdefghijklmnopqrstuvwxyz"
words = ["".join(random.choices(letters, k=random.randint(3, 9))) for _ in range(3000)]
def text(low, high): return " ".join(random.choices(words, k=random.randint(low, high)))
def row(i): return (i, text(2, 2), text(1, 1) + "@" + text(1, 1) + ".example", random.random() * 1e4, text(3, 25))
db = sqlite3.connect(before)
db.execute("create table t(id integer primary key, name text, mail text, value real, note text)")
db.executemany("insert into t values(?,?,?,?,?)", (row(i) for i in range(200000)))
db.execute("create index by_mail on t(mail)")
db.commit()
db.close()
shutil.copy(before, after)
db = sqlite3.connect(after)
changed = random.sample(range(200000), 10000)
db.executemany("update t set value=?, note=? where id=?", ((random.random() * 1e4, text(3, 25), i) for i in changed))
db.commit()
`;

/** Makes a database with 200,000 rows, and changes 5 % of them. Without Python there is none. */
export function sqlitePair(): Pair[] {
  const python = command("python3");
  if (!("found" in python)) return [];
  const folder = mkdtempSync(join(tmpdir(), "dwcp-bench-"));
  try {
    const [before, after] = [join(folder, "before.db"), join(folder, "after.db")];
    execFileSync(python.found, ["-c", PROGRAM, before, after]);
    return [
      {
        name: "SQLite, 5 % of rows",
        kind: "files",
        before: readFileSync(before),
        after: readFileSync(after),
      },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
