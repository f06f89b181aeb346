import { describe, expect, test } from "@jest/globals";
import { backend, doctor, portable } from "@proj/native-io";
import { capabilityRows } from "#src/doctor/capabilities.js";
import { processorRows } from "#src/doctor/processor.js";

describe("doctor", () => {
  const rows = doctor();
  const row = (name: string) => rows.find((each) => each.name === name);

  test("names every fact once, in one line", () => {
    const names = rows.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { value } of rows) expect(value).toMatch(/^[^\n]+$/);
  });

  test("says what a missing thing costs, and only then", () => {
    for (const { name, ok, cost } of rows) expect([name, cost === undefined]).toEqual([name, ok]);
  });

  test("tells which backend runs and why", () => {
    expect(row("backend")).toMatchObject({
      value: `${backend.kind}: ${backend.reason}`,
      ok: backend.kind === "native",
    });
  });

  test("accepts the Node that runs it", () => {
    expect(row("node")).toMatchObject({ ok: true });
    expect(row("node")?.value).toContain(process.versions.node);
  });

  test("looks at zstd, AEAD, shared memory, cores and limits", () => {
    const names = rows.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        "chacha20-poly1305",
        "zstd",
        "shared-memory",
        "cores",
        "numa",
        "memory-limit",
        "open-files",
      ]),
    );
  });

  test("has a row for every capability of every feature", () => {
    const { shm, futex, udp, rma, crypto, tcp, cores } = backend;
    for (const feature of [shm, futex, udp, rma, crypto, tcp, cores]) {
      for (const { name, available } of feature.capabilities()) {
        expect([name, row(name)?.ok]).toEqual([name, available]);
      }
    }
  });

  test("the portable backend says which capabilities are missing", () => {
    const missing = capabilityRows(portable).filter(({ ok }) => !ok);
    expect(missing.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "shm.cross_process",
        "shm.hugepages",
        "futex.cross_process",
        "rma.libfabric",
      ]),
    );
    for (const { cost } of missing) expect(cost).toMatch(/./);
  });

  test("says that an instruction lies idle when checksums run without it", () => {
    const crc = processorRows(portable).find(({ name }) => name === "crc32c");
    expect(crc).toMatchObject({ ok: false });
    expect(crc?.value).toMatch(/^javascript; /);
  });
});
