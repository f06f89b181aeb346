import { afterAll, describe, expect, test } from "@jest/globals";
import {
  type Backend,
  portable,
  type RmaEndpoint,
  type RmaOptions,
  type RmaPeer,
  type RmaTransfer,
} from "@proj/native-io";
import { command, describeWith, type Peer } from "@proj/peers";
import { until } from "@proj/wire-types/testing";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { native } from "../native-peer.js";
import { scratch } from "../shm/scratch.js";
import { withLender } from "./with-lender.js";
import { settle } from "./settle.js";

const rights = { remoteRead: true, remoteWrite: true };
const none = { remoteRead: false, remoteWrite: false };

/** A port that nobody listens on, at least a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "0.0.0.0");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** The native backend, where libfabric lends `provider`. Newer versions have no longer all of them. */
function lending(provider: string): Peer<Backend> {
  const everywhere = provider === "shm" || provider === "tcp;ofi_rxm";
  const name = everywhere ? "libfabric" : `libfabric ${provider}`;
  if (!("found" in native)) return native;
  const found = native.found.rma.providers().some((each) => each.name === provider);
  if (found) return { name, found: native.found };
  const capabilities = native.found.rma.capabilities();
  const why = capabilities.find((each) => each.name === `rma.${provider}`) ?? capabilities[0];
  return { name, lack: why?.reason ?? "no libfabric" };
}

function interfaceTests({ rma }: Backend, options: RmaOptions): void {
  const lender = rma.open(options);
  const borrower = rma.open(options);
  const memory = new Uint8Array(new SharedArrayBuffer(65_536));
  const shared = new Uint8Array(new SharedArrayBuffer(65_536));
  for (let i = 0; i < shared.length; i++) shared[i] = (i * 7) & 0xff;
  const region = lender.register(shared, rights);
  const local = borrower.register(memory, none);
  const peer = borrower.connect(lender.address);
  const transfer = (change: Partial<RmaTransfer> = {}): RmaTransfer => ({
    peer,
    local,
    offset: 0,
    length: 1000,
    remoteAddress: region.base,
    remoteKey: region.key,
    ...change,
  });
  const end = (post: "read" | "write", change?: Partial<RmaTransfer>) =>
    settle(borrower, () => borrower[post](transfer(change)), [lender]);
  afterAll(() => {
    borrower.close();
    lender.close();
  });

  test("tells what it runs on", () => {
    expect(lender.provider).toMatchObject({ name: options.provider });
    expect(lender.provider.maxTransferBytes).toBeGreaterThan(65_536);
    expect(region.base === 0n).toBe(lender.provider.addressing === "offset");
    expect(region.size).toBe(65_536);
  });

  test("reads a part of the lent memory", async () => {
    memory.fill(0);
    const where = { offset: 10, remoteAddress: region.base + 300n };
    expect(await end("read", where)).not.toHaveProperty("failure");
    expect([...memory.subarray(8, 14)]).toEqual([0, 0, ...shared.subarray(300, 304)]);
    expect(memory[1009]).toBe(shared[1299]);
    expect(memory[1010]).toBe(0);
  });

  test("writes into the lent memory", async () => {
    memory.fill(99);
    const where = { offset: 7, length: 3, remoteAddress: region.base + 65_533n };
    expect(await end("write", where)).not.toHaveProperty("failure");
    // Complete means that the local memory may be reused; a read behind it sees the bytes.
    memory.fill(0);
    for (let turn = 0; turn < 100 && memory[0] !== 99; turn++) {
      await end("read", { length: 3, remoteAddress: region.base + 65_533n });
    }
    expect([...memory.subarray(0, 4)]).toEqual([99, 99, 99, 0]);
  });

  test("many transfers at once, each with its own end", async () => {
    memory.fill(0);
    const open = new Set<number>();
    for (let next = 0, done = 0, turn = 0; done < 64; turn++) {
      if (turn > 100_000) throw new Error(`${done} of 64 came to their end`);
      const offset = next * 1024;
      const part = { offset, length: 1024, remoteAddress: region.base + BigInt(offset) };
      const posted = next < 64 ? borrower.read(transfer(part)) : undefined;
      if (posted?.kind === "posted") {
        expect(open.has(posted.id)).toBe(false);
        open.add(posted.id);
        next++;
      }
      lender.poll();
      for (const { id, failure } of borrower.poll()) {
        expect([open.delete(id), failure]).toEqual([true, undefined]);
        done++;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(memory).toEqual(shared);
  });

  test("the caller's mistakes are found before the library is asked", () => {
    const refuse = (change: Partial<RmaTransfer>, error: typeof RangeError | typeof TypeError) =>
      expect(() => borrower.read(transfer(change))).toThrow(error);
    refuse({ length: 0 }, RangeError);
    refuse({ length: 65_537 }, RangeError);
    refuse({ offset: 65_000 }, RangeError);
    refuse({ offset: -1 }, RangeError);
    refuse({ length: 1.5 }, RangeError);
    refuse({ peer: 77 as RmaPeer }, TypeError);
    refuse({ local: region }, TypeError);
    expect(() => lender.register(new Uint8Array(64), rights)).toThrow(
      expect.objectContaining({ name: "TypeError" }),
    );
    expect(() => borrower.connect(Uint8Array.of(1, 2, 3))).toThrow(
      expect.objectContaining({ code: "native_io.system" }),
    );
  });

  test("a peer that was disconnected is unknown, and another takes no number of it", async () => {
    const first = borrower.connect(lender.address);
    borrower.disconnect(first);
    expect(() => borrower.disconnect(first)).toThrow(TypeError);
    expect(() => borrower.read(transfer({ peer: first }))).toThrow(TypeError);
    const second = borrower.connect(lender.address);
    expect(second).not.toBe(first);
    expect(await end("read", { peer: second })).not.toHaveProperty("failure");
  });

  test("a closed endpoint refuses, and closes twice", () => {
    const endpoint = rma.open(options);
    const mine = endpoint.register(new Uint8Array(new SharedArrayBuffer(64)), rights);
    endpoint.close();
    endpoint.close();
    mine.deregister();
    const closed = expect.objectContaining({ code: "native_io.closed" });
    expect(() => endpoint.poll()).toThrow(closed);
    expect(() => endpoint.connect(lender.address)).toThrow(closed);
    expect(() => endpoint.register(memory, rights)).toThrow(closed);
  });

  test("no more transfers are under way than were asked for", async () => {
    const narrow = rma.open({ ...options, maxTransfers: 1 });
    const here = narrow.register(new Uint8Array(new SharedArrayBuffer(64)), none);
    const to = narrow.connect(lender.address);
    const part = transfer({ peer: to, local: here, length: 64 });
    const first = await settle(narrow, () => narrow.read(part), [lender]);
    expect(first).not.toHaveProperty("failure");
    const second = narrow.read(part);
    expect(second.kind).toBe("posted");
    expect(narrow.read(part)).toEqual({ kind: "backPressured" });
    expect(await settle(narrow, () => second, [lender])).not.toHaveProperty("failure");
    narrow.close();
    for (const maxTransfers of [0, 65_537, 1.5]) {
      expect(() => rma.open({ ...options, maxTransfers })).toThrow(RangeError);
    }
    for (const port of [0, 65_536, 1.5]) {
      expect(() => rma.open({ ...options, port })).toThrow(RangeError);
    }
  });

  test("a provider that is not there is unsupported", () => {
    expect(() => rma.open({ provider: "none" })).toThrow(
      expect.objectContaining({ code: "native_io.unsupported" }),
    );
  });
}

describe("RMA, portable backend", () => {
  interfaceTests(portable, { provider: "memory" });

  test("a key that nobody gave is refused", async () => {
    const [a, b] = [0, 1].map(() => portable.rma.open({ provider: "memory" })) as [
      RmaEndpoint,
      RmaEndpoint,
    ];
    const region = a.register(new Uint8Array(new SharedArrayBuffer(64)), none);
    const local = b.register(new Uint8Array(new SharedArrayBuffer(64)), none);
    const common = { peer: b.connect(a.address), local, offset: 0, length: 64 };
    const read = (remoteKey: bigint, remoteAddress = 0n) =>
      settle(b, () => b.read({ ...common, remoteKey, remoteAddress }));
    expect(await read(region.key)).toMatchObject({ failure: { reason: "EACCES" } });
    expect(await read(1n)).toMatchObject({ failure: { reason: "EACCES" } });
    const open = a.register(new Uint8Array(new SharedArrayBuffer(64)), rights);
    expect(await read(open.key, 1n)).toMatchObject({ failure: { reason: "EACCES" } });
    expect(await read(open.key)).not.toHaveProperty("failure");
    a.close();
    expect(await read(open.key)).toMatchObject({ failure: { reason: "ENOTCONN" } });
    b.close();
  });
});

const loopback = { source: "127.0.0.1" };
for (const [provider, place] of [
  ["shm", {}],
  ["net", loopback],
  ["tcp;ofi_rxm", loopback],
  ["sockets", loopback],
] as const) {
  describeWith(`RMA by ${provider}`, lending(provider), (backend) => {
    interfaceTests(backend, { provider, ...place });

    test("between two processes: read, write, a wrong key, and after it", async () => {
      await withLender(provider, place, 4 * 2 ** 20, async (lender) => {
        const endpoint = backend.rma.open({ provider, ...place });
        const memory = new Uint8Array(new SharedArrayBuffer(4 * 2 ** 20));
        const local = endpoint.register(memory, none);
        const peer = endpoint.connect(lender.address);
        const common = { peer, local, remoteKey: lender.key, remoteAddress: lender.base };
        const read = (change: object = {}) =>
          settle(endpoint, () =>
            endpoint.read({ ...common, offset: 0, length: 2 ** 20, ...change }),
          );
        expect(await read()).not.toHaveProperty("failure");
        expect(memory.subarray(0, 2 ** 20).every((byte, i) => byte === ((i * 7) & 0xff))).toBe(
          true,
        );

        memory.fill(123, 0, 100);
        const written = await settle(endpoint, () =>
          endpoint.write({ ...common, offset: 0, length: 100, remoteAddress: lender.base + 50n }),
        );
        expect(written).not.toHaveProperty("failure");
        let value = await lender.valueAt(149);
        while (value !== 123) {
          endpoint.poll();
          value = await lender.valueAt(149);
        }
        expect([value, await lender.valueAt(150)]).toEqual([123, (150 * 7) & 0xff]);

        const wrong = await read({ remoteKey: lender.key ^ 0xffffn });
        // The provider shm does not look at keys.
        if (provider === "shm") expect(wrong).not.toHaveProperty("failure");
        else expect(wrong.failure?.errno).toBeGreaterThan(0);

        // Some providers answer nothing but errors on that connection, and need a moment to notice that it is gone.
        const works = async (): Promise<boolean> => (await read()).failure === undefined;
        await until(works, "the connection to recover", { everyMs: 5 });
        expect(await read()).not.toHaveProperty("failure");
        expect(endpoint.recoveries > 0).toBe(provider !== "shm");
        endpoint.close();
      });
    });

    if (provider !== "shm") {
      test.each([
        ["at an interface", place],
        ["at the provider's choice of interface", {}],
      ])("listens on the port that was asked for, %s", async (_, where) => {
        const port = await freePort();
        const endpoint = backend.rma.open({ provider, ...where, port });
        const chosen = backend.rma.open({ provider, ...where });
        // Both are sockaddrs: family, port, address.
        expect(Buffer.from(endpoint.address).readUInt16BE(2)).toBe(port);
        expect(endpoint.address.subarray(4, 8)).toEqual(chosen.address.subarray(4, 8));
        chosen.close();
        expect(() => backend.rma.open({ provider, ...where, port })).toThrow("EADDRINUSE");
        endpoint.close();
      });
    }

    test("a peer that goes away takes no other with it", async () => {
      const endpoint = backend.rma.open({ provider, ...place });
      const local = endpoint.register(new Uint8Array(new SharedArrayBuffer(4096)), none);
      const read = (lender: { key: bigint; base: bigint }, peer: RmaPeer) => () =>
        endpoint.read({
          peer,
          local,
          offset: 0,
          length: 4096,
          remoteAddress: lender.base,
          remoteKey: lender.key,
        });
      await withLender(provider, place, 4096, async (stays) => {
        const staying = endpoint.connect(stays.address);
        expect(await settle(endpoint, read(stays, staying))).not.toHaveProperty("failure");
        await withLender(provider, place, 4096, async (leaves) => {
          const leaving = endpoint.connect(leaves.address);
          expect(await settle(endpoint, read(leaves, leaving))).not.toHaveProperty("failure");
        });
        expect(await settle(endpoint, read(stays, staying))).not.toHaveProperty("failure");
      });
      endpoint.close();
    });

    test("a mapping cannot be unmapped while it is registered", () => {
      const disk = scratch();
      const file = backend.shm.allow([disk.folder]).create(disk.path("slot"), { sizeBytes: 8192 });
      const mapping = file.map();
      const endpoint = backend.rma.open({ provider, ...place });
      const region = endpoint.register(mapping.bytes.subarray(4096), rights);
      expect(region.size).toBe(4096);
      expect(() => mapping.unmap()).toThrow(
        expect.objectContaining({ details: expect.objectContaining({ errno: "EBUSY" }) }),
      );
      region.deregister();
      region.deregister();
      mapping.unmap();
      expect(mapping.bytes.length).toBe(0);
      endpoint.close();
      file.close();
      disk.remove();
    });
  });
}

describeWith("RMA with both kinds of addresses", lending("shm"), ({ rma }) => {
  test.each(["virtual", "offset"] as const)("%s", async (addressing) => {
    const [a, b] = [0, 1].map(() => rma.open({ provider: "shm", addressing })) as [
      RmaEndpoint,
      RmaEndpoint,
    ];
    expect(a.provider.addressing).toBe(addressing);
    const bytes = new Uint8Array(new SharedArrayBuffer(4096)).fill(5);
    const lent = new Uint8Array(new SharedArrayBuffer(4096));
    lent.set(bytes);
    const region = a.register(lent, rights);
    expect(region.base === 0n).toBe(addressing === "offset");
    const memory = new Uint8Array(new SharedArrayBuffer(4096));
    const local = b.register(memory, none);
    const peer = b.connect(a.address);
    const end = await settle(
      b,
      () =>
        b.read({
          peer,
          local,
          offset: 0,
          length: 96,
          remoteAddress: region.base + 4000n,
          remoteKey: region.key,
        }),
      [a],
    );
    expect(end).not.toHaveProperty("failure");
    expect([memory[95], memory[96]]).toEqual([5, 0]);
    a.close();
    b.close();
  });
});

const compiler: Peer<string> = existsSync("/usr/include/rdma/fabric.h")
  ? command("c++")
  : { name: "libfabric", lack: "no /usr/include/rdma/fabric.h" };

describeWith("the binary interface of libfabric", compiler, (cxx) => {
  test("is declared as its headers declare it", () => {
    const source = fileURLToPath(new URL("../../native/fabric_abi_check.cc", import.meta.url));
    const { status, stderr } = spawnSync(cxx, ["-std=c++17", "-fsyntax-only", source], {
      encoding: "utf8",
    });
    expect([status, stderr]).toEqual([0, ""]);
  });
});
