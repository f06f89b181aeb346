import { command } from "@proj/peers/find";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pair } from "./pair.js";

/** What foreign tools make of a pair, in bytes; a tool that is not installed is left out. */
export type Anchors = ReadonlyMap<string, number>;

/** Suffix sorting of more takes minutes. */
const BSDIFF_LIMIT = 33_554_432;

/** Runs the tools on a pair, each on the same two files. */
export function anchorsOf({ before, after }: Pair): Anchors {
  const folder = mkdtempSync(join(tmpdir(), "dwcp-bench-"));
  const path = (name: string) => join(folder, name);
  try {
    writeFileSync(path("before"), before);
    writeFileSync(path("after"), after);
    const sizes = new Map<string, number>();
    const tool = (name: string, program: string, args: readonly string[], made: string) => {
      const found = command(program);
      if (!("found" in found)) return;
      execFileSync(found.found, args, { stdio: "ignore" });
      sizes.set(name, statSync(path(made)).size);
    };
    const zstd = ["-q", "-f", "-3"];
    tool("zstd -3", "zstd", [...zstd, path("after"), "-o", path("plain")], "plain");
    const long = [...zstd, "--long=30", path("after"), "-o", path("long")];
    tool("zstd -3 --long=30", "zstd", long, "long");
    const patch = [
      "--long=30",
      `--patch-from=${path("before")}`,
      path("after"),
      "-o",
      path("patch"),
    ];
    tool("zstd -3 --patch-from", "zstd", [...zstd, ...patch], "patch");
    const mixed = Buffer.from(after);
    for (let at = 0; at < Math.min(before.length, mixed.length); at++) {
      mixed[at] = (mixed[at] ?? 0) ^ (before[at] ?? 0);
    }
    writeFileSync(path("mixed"), mixed);
    tool("XOR + zstd -3", "zstd", [...zstd, path("mixed"), "-o", path("xor")], "xor");
    const batch = [`--only-write-batch=${path("batch")}`, "--no-whole-file", "-I"];
    tool("rsync batch", "rsync", [...batch, path("after"), path("before")], "batch");
    if (sizes.has("rsync batch")) {
      tool(
        "rsync batch + zstd -3",
        "zstd",
        [...zstd, path("batch"), "-o", path("packed")],
        "packed",
      );
      sizes.delete("rsync batch");
    }
    if (Math.max(before.length, after.length) <= BSDIFF_LIMIT) {
      tool("bsdiff", "bsdiff", [path("before"), path("after"), path("bsdiff")], "bsdiff");
    }
    return sizes;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
