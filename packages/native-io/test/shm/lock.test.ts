import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { portable } from "@proj/native-io";
import { command, describeWith, type Peer } from "@proj/peers";
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { native } from "../native-peer.js";
import { scratch, type Scratch } from "./scratch.js";

const locker = fileURLToPath(new URL("./locker.js", import.meta.url));
const NOBODY = 65_534;

/** A shell that limits, and gives up the privilege that no limit holds for. */
function limits(): Peer<readonly string[]> {
  const name = "limited memory";
  if ("lack" in native) return { name, lack: native.lack };
  if (process.platform !== "linux") return { name, lack: "no Linux" };
  if (process.geteuid?.() !== 0) return { name, found: [] };
  const setpriv = command("setpriv");
  if ("lack" in setpriv) return { name, lack: setpriv.lack };
  const become = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
  return { name, found: [setpriv.found, ...become] };
}

function lockedKib(): number {
  return Number(/^VmLck:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}

describeWith("memory that stays in memory", limits(), (become) => {
  let place: Scratch;
  beforeEach(() => {
    place = scratch();
  });
  afterEach(() => {
    place.remove();
  });

  test("is locked while it is mapped, and not longer", () => {
    const { shm } = "found" in native ? native.found : portable;
    const folders = shm.allow([place.folder]);
    const file = folders.create(place.path("pool"), { sizeBytes: 16_384 });
    const before = lockedKib();
    const region = file.map({ lock: true });
    expect(lockedKib()).toBe(before + 16);
    region.unmap();
    expect(lockedKib()).toBe(before);
    file.close();
    folders.close();
  });

  test.each([
    [64, "ENOMEM", 65_536, true],
    [0, "EPERM", 0, false],
  ])(
    "under a limit of %d KiB it is refused in one line, and not mapped",
    (limit, errno, lockable, some) => {
      chmodSync(place.folder, 0o777);
      const script = `ulimit -l ${limit} && exec "$@"`;
      const program = [...become, process.execPath, locker, place.folder, place.path("pool")];
      const output = execFileSync("sh", ["-c", script, "sh", ...program], { encoding: "utf8" });
      expect(JSON.parse(output)).toMatchObject({
        refusal: {
          code: "native_io.system",
          message: `mlock: ${errno} for 1048576 bytes; ${lockable} may be locked without CAP_IPC_LOCK (RLIMIT_MEMLOCK)`,
          details: { operation: "mlock", errno, bytes: 2 ** 20, lockable },
        },
        unlocked: 2 ** 20,
        capability: { name: "shm.lock", available: some },
      });
    },
  );
});

test("the portable backend has no memory to lock", () => {
  const folders = portable.shm.allow(["/dev/shm"]);
  const file = folders.create("/dev/shm/portable-lock", { sizeBytes: 64 });
  expect(() => file.map({ lock: true })).toThrow(
    expect.objectContaining({ code: "native_io.unsupported" }),
  );
  folders.unlink("/dev/shm/portable-lock");
});
