import { accessSync, constants, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Below this much lockable memory, not even one bulk transfer's buffers can be registered with a device. */
const ENOUGH_LOCKED_BYTES = 64 * 2 ** 20;

/**
 * Says why RDMA hardware cannot be used here, as far as the system tells: no device, device down, no permission, too
 * little lockable memory. `undefined` where none of these holds. spec/dwcp.md B14
 *
 * @param root Where `sys`, `dev` and `proc` are; tests have their own.
 */
export function rdmaLack(root = "/"): string | undefined {
  const devices = list(join(root, "sys/class/infiniband"));
  if (devices.length === 0) return "no RDMA device";
  const active = devices.some((device) => isActive(join(root, "sys/class/infiniband", device)));
  if (!active) return `${devices.join(", ")}: no port is active`;
  const doors = list(join(root, "dev/infiniband")).filter((name) => name.startsWith("uverbs"));
  if (!doors.some((name) => isOpen(join(root, "dev/infiniband", name)))) {
    return "no permission for /dev/infiniband/uverbs*";
  }
  const locked = lockedMemoryLimit(join(root, "proc/self/limits"));
  if (locked >= ENOUGH_LOCKED_BYTES) return undefined;
  return `only ${Math.floor(locked / 1024)} KiB of memory may be locked (ulimit -l)`;
}

function isActive(device: string): boolean {
  const ports = list(join(device, "ports"));
  return ports.some((port) => /ACTIVE/.test(read(join(device, "ports", port, "state"))));
}

function isOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function lockedMemoryLimit(path: string): number {
  const soft = /^Max locked memory\s+(\S+)/m.exec(read(path))?.[1];
  return soft === undefined || soft === "unlimited" ? Infinity : Number(soft);
}

function list(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
