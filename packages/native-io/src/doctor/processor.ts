import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import type { Backend } from "../backend.js";
import type { DoctorRow } from "./doctor.js";

/** Examines the processor as `backend` uses it. */
export function processorRows(backend: Backend): readonly DoctorRow[] {
  const model = cpus()[0]?.model.trim() ?? "unknown";
  return [
    { name: "processor", value: model, ok: true },
    { name: "cores", value: `${availableParallelism()} usable of ${cpus().length}`, ok: true },
    { name: "numa", value: numaNodes(), ok: true },
    crcRow(backend),
  ];
}

function numaNodes(): string {
  try {
    const count = readdirSync("/sys/devices/system/node").filter((name) =>
      /^node\d+$/.test(name),
    ).length;
    return `${count} ${count === 1 ? "node" : "nodes"}`;
  } catch {
    return "unknown";
  }
}

function crcRow(backend: Backend): DoctorRow {
  const name = "crc32c";
  const engine = backend.crc32cEngine;
  if (engine === "sse4.2" || engine === "armv8")
    return { name, value: `${engine} instruction`, ok: true };
  const instruction = linuxInstruction();
  if (instruction === undefined) {
    return {
      name,
      value: `${engine}; no CRC instruction known of this processor`,
      ok: false,
      cost: "checksums take several cycles per byte",
    };
  }
  return {
    name,
    value: `${engine}; the processor has ${instruction}`,
    ok: false,
    cost: "the instruction lies idle until the native backend is built",
  };
}

/** The processor's CRC instruction as the kernel lists it; `undefined` where there is none or no such list. */
function linuxInstruction(): string | undefined {
  try {
    const listed = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1];
    const features = new Set(listed?.trim().split(/\s+/));
    if (features.has("sse4_2")) return "sse4.2";
    return features.has("crc32") ? "armv8" : undefined;
  } catch {
    return undefined;
  }
}
