import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { backend, Cpusets } from "@proj/native-io";
import { describeWith, type Peer } from "@proj/peers";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { native } from "../native-peer.js";

describe("cpusets in a folder like the kernel's", () => {
  let root: string;
  const read = (path: string) => readFileSync(join(root, path), "utf8");

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "cgroup-"));
  });

  afterEach(() => {
    chmodSync(root, 0o700);
    rmSync(root, { recursive: true });
  });

  test("of version 2 are threaded partitions", () => {
    writeFileSync(join(root, "cgroup.controllers"), "cpuset cpu io memory\n");
    const cpusets = new Cpusets(root);
    expect(cpusets.version).toBe(2);
    const made = cpusets.create("workers", {
      cpus: [2, 3, 4, 8],
      nodes: [1],
      isolation: "isolated",
    });
    if (made.kind === "refused") throw new Error(made.reason);
    expect(made.value.path).toBe(join(root, "workers"));
    expect(read("cgroup.subtree_control")).toBe("+cpuset");
    expect(read("workers/cgroup.type")).toBe("threaded");
    expect(read("workers/cpuset.cpus")).toBe("2-4,8");
    expect(read("workers/cpuset.mems")).toBe("1");
    expect(read("workers/cpuset.cpus.partition")).toBe("isolated");
    expect(made.value.add(1234)).toEqual({ kind: "done", value: 1234 });
    expect(read("workers/cgroup.threads")).toBe("1234");
  });

  test("of version 1 have flags instead", () => {
    mkdirSync(join(root, "cpuset"));
    writeFileSync(join(root, "cpuset/cpuset.cpus"), "0-7\n");
    const cpusets = new Cpusets(root);
    expect(cpusets.version).toBe(1);
    const made = cpusets.create("a", { cpus: [1], isolation: "isolated" });
    if (made.kind === "refused") throw new Error(made.reason);
    expect(read("cpuset/a/cpuset.mems")).toBe("0");
    expect(read("cpuset/a/cpuset.cpus")).toBe("1");
    expect(read("cpuset/a/cpuset.cpu_exclusive")).toBe("1");
    expect(read("cpuset/a/cpuset.sched_load_balance")).toBe("0");
    expect(made.value.add(7)).toEqual({ kind: "done", value: 7 });
    expect(read("cpuset/a/tasks")).toBe("7");
    expect(cpusets.create("shared", { cpus: [1] }).kind).toBe("done");
    expect(existsSync(join(root, "cpuset/shared/cpuset.cpu_exclusive"))).toBe(false);
  });

  test("are refused where the kernel has none, or the name could leave the folder", () => {
    expect(new Cpusets(root).version).toBeUndefined();
    expect(new Cpusets(root).create("a", { cpus: [0] })).toMatchObject({ errno: "ENOTSUP" });
    writeFileSync(join(root, "cgroup.controllers"), "cpuset\n");
    for (const name of ["", "..", "a/b", "a.b", "x".repeat(65)]) {
      expect(new Cpusets(root).create(name, { cpus: [0] })).toMatchObject({ errno: "EINVAL" });
    }
  });

  test("a name that is taken is refused, and what is there stays", () => {
    writeFileSync(join(root, "cgroup.controllers"), "cpuset\n");
    mkdirSync(join(root, "a"));
    expect(new Cpusets(root).create("a", { cpus: [0] })).toMatchObject({ errno: "EEXIST" });
    expect(existsSync(join(root, "a"))).toBe(true);
  });
});

describeWith("cpusets of this machine", kernelCpusets(), (cpusets) => {
  const name = `native-io-${process.pid}`;

  test("hold a thread, and are busy while they do", () => {
    const thread = backend.cores.threadId();
    const made = cpusets.create(name, { cpus: [0] });
    if (thread.kind === "refused" || made.kind === "refused") throw new Error(JSON.stringify(made));
    const before = backend.cores.affinity();
    try {
      expect(made.value.add(thread.value).kind).toBe("done");
      expect(backend.cores.affinity()).toEqual({ kind: "done", value: [0] });
      expect(made.value.remove()).toMatchObject({ kind: "refused", errno: "EBUSY" });
    } finally {
      writeFileSync(join(made.value.path, "../tasks"), String(thread.value));
    }
    expect(made.value.remove()).toEqual({ kind: "done", value: made.value.path });
    if (before.kind === "done") backend.cores.pin(before.value);
    expect(backend.cores.affinity()).toEqual(before);
  });

  test("refuse processors that are not there, and leave nothing", () => {
    const made = cpusets.create(name, { cpus: [8000] });
    expect(made.kind).toBe("refused");
    expect(existsSync(`/sys/fs/cgroup/cpuset/${name}`)).toBe(false);
  });
});

function kernelCpusets(): Peer<Cpusets> {
  const found = new Cpusets();
  const peer = "cpusets";
  if (!("found" in native)) return { name: peer, lack: native.lack };
  if (process.getuid?.() !== 0) return { name: peer, lack: "only root may make them" };
  if (found.version !== 1) return { name: peer, lack: `version 1 is not mounted here` };
  const probe = found.create(`native-io-probe-${process.pid}`, { cpus: [0] });
  if (probe.kind === "refused") return { name: peer, lack: probe.reason };
  probe.value.remove();
  return { name: peer, found };
}
