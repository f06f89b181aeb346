import { expect, test } from "@jest/globals";
import { UdpErrorOrigin } from "@proj/native-io";
import { describeWith, type Peer } from "@proj/peers";
import { execFileSync, spawnSync } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { native } from "../native-peer.js";
import type { SmallPathReport } from "./small-path.js";

const MTU = 1400;
const inOwnNetwork = ["-n", "sh", "-c", `ip link set lo mtu ${MTU} up && exec "$@"`, "sh"];

describeWith("native UDP over a path of 1400 bytes", ownNetwork(), () => {
  const program = fileURLToPath(new URL("./small-path.js", import.meta.url));
  const output = execFileSync("unshare", [...inOwnNetwork, process.execPath, program], {
    encoding: "utf8",
  });
  const { probing, fragmenting } = JSON.parse(output) as Record<string, SmallPathReport>;

  test("a datagram that probes is refused where it does not pass, and segmentation goes on", () => {
    expect(probing?.results).toEqual([0, -constants.errno.EMSGSIZE, 0]);
    expect(probing?.arrived).toEqual([1300, 1300, 1300]);
    expect(probing?.segmentationDisabled).toBe(0);
  });

  test("the error queue tells what would pass", () => {
    expect(probing?.errors).toContainEqual([constants.errno.EMSGSIZE, UdpErrorOrigin.local, MTU]);
    expect(probing?.pathMtu).toBe(MTU);
  });

  test("segmentation is given up where a message passes in pieces only", () => {
    expect(fragmenting?.results).toEqual([0, 0, 0]);
    expect(fragmenting?.arrived).toEqual([1300, 2000, 2000, 2000, 1300, 1300]);
    expect(fragmenting?.segmentationDisabled).toBe(1);
  });
});

function ownNetwork(): Peer<true> {
  const name = "network-namespace";
  if (!("found" in native)) return { name, lack: native.lack };
  const { status, error, stderr } = spawnSync("unshare", [...inOwnNetwork, "true"], {
    encoding: "utf8",
  });
  if (status === 0) return { name, found: true };
  return { name, lack: error?.message ?? (stderr.trim() || `unshare ended with ${status}`) };
}
