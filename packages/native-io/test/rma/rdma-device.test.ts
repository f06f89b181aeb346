import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { rdmaLack } from "#src/rma/rdma-device.js";

describe("B14: why there is no RDMA", () => {
  let root: string;
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const state = "sys/class/infiniband/efa_0/ports/1/state";

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "native-io-rdma-"));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  test("is told step by step: device, port, permission, lockable memory", () => {
    expect(rdmaLack(root)).toBe("no RDMA device");
    write(state, "1: DOWN\n");
    expect(rdmaLack(root)).toBe("efa_0: no port is active");
    write(state, "4: ACTIVE\n");
    expect(rdmaLack(root)).toBe("no permission for /dev/infiniband/uverbs*");
    write("dev/infiniband/uverbs0", "");
    write(
      "proc/self/limits",
      "Max locked memory         65536                65536                bytes\n",
    );
    expect(rdmaLack(root)).toBe("only 64 KiB of memory may be locked (ulimit -l)");
    write(
      "proc/self/limits",
      "Max locked memory         unlimited            unlimited            bytes\n",
    );
    expect(rdmaLack(root)).toBeUndefined();
  });
});
