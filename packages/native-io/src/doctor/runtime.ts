import { getCiphers } from "node:crypto";
import * as zlib from "node:zlib";
import type { DoctorRow } from "./doctor.js";

/** The oldest Node this suite runs on. */
const OLDEST_NODE = [20, 19] as const;

/** Examines the platform and what this build of Node brings. */
export function runtimeRows(): readonly DoctorRow[] {
  return [
    { name: "platform", value: `${process.platform} ${process.arch}`, ok: true },
    nodeRow(),
    cipherRow(),
    zstdRow(),
  ];
}

function nodeRow(): DoctorRow {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const ok = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  const value = `${process.versions.node}, Node-API ${process.versions["napi"] ?? "unknown"}`;
  if (ok) return { name: "node", value, ok };
  return {
    name: "node",
    value,
    ok,
    cost: `untested: ${OLDEST_NODE.join(".")} is the oldest supported`,
  };
}

function cipherRow(): DoctorRow {
  const name = "chacha20-poly1305";
  if (getCiphers().includes(name)) return { name, value: "in this Node's OpenSSL", ok: true };
  return {
    name,
    value: "not in this Node's OpenSSL (FIPS mode?)",
    ok: false,
    cost: "frames cannot be encrypted by node:crypto",
  };
}

function zstdRow(): DoctorRow {
  if ("zstdCompressSync" in zlib) return { name: "zstd", value: "in this Node's zlib", ok: true };
  return {
    name: "zstd",
    value: "not in this Node's zlib (22.15 brought it)",
    ok: false,
    cost: "compression runs in WebAssembly and JavaScript, several times slower",
  };
}
