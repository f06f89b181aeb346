import { spawnSync } from "node:child_process";
import { backend } from "../backend.js";
import type { DoctorRow } from "./doctor.js";

/** Looks for the C++ compiler that scripts/build.mjs would use. */
export function compilerRow(): DoctorRow {
  const name = "compiler";
  for (const compiler of [process.env["CXX"], "c++", "g++", "clang++"]) {
    if (compiler === undefined || compiler === "") continue;
    const { status, stdout } = spawnSync(compiler, ["--version"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 10_000,
    });
    if (status === 0) return { name, value: stdout.split("\n")[0]?.trim() ?? compiler, ok: true };
  }
  if (backend.kind === "native") return { name, value: "none, and none is needed", ok: true };
  return { name, value: "none", ok: false, cost: "the native backend cannot be built here" };
}
