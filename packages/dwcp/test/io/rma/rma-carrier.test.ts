import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { backend, type Rma, type RmaEndpoint } from "@proj/native-io";
import type { DwcpNode } from "@proj/dwcp/node";
import { openCarrier } from "#src/io/rma/open-carrier.js";
import { transportOf } from "#src/io/manager/transport-info.js";
import { addressOf, storedIn, TwoNodes } from "../../support/two-nodes.js";

// What moves bytes here without hardware; the portable backend has `memory`, within this thread.
const software = ["shm", "tcp;ofi_rxm", "memory"];
const here = backend.rma.providers().map(({ name }) => name);
const usable = software.filter((name) => here.includes(name));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

let nodes: TwoNodes;

beforeEach(() => {
  nodes = new TwoNodes();
});
afterEach(() => nodes.close());

function receiving(device: string, access: Rma = backend.rma): Promise<DwcpNode> {
  return nodes.start({
    nodeId: "receiver",
    listen: { host: "127.0.0.1", port: 0 },
    store: `${nodes.folder}/store`,
    rma: { device, source: "127.0.0.1", access },
  });
}

describe.each(usable)("B14: units through %s", (device) => {
  test("are read from the sender's memory, and arrive whole", async () => {
    const receiver = await receiving(device);
    const rma = { device, source: "127.0.0.1" };
    const sender = await nodes.start({ nodeId: "sender", workers: 1, rma });
    // Memory is opened while the first object is under way.
    await sender.send(addressOf(receiver), { key: "first", from: randomBytes(100_000) });
    const from = randomBytes(8_000_000);
    await sender.send(addressOf(receiver), { key: "k", from });
    expect(storedIn(receiver, "k").equals(from)).toBe(true);
    expect(receiver.rma).toMatchObject({ kind: "ready" });
    expect(receiver.rma?.readBytes).toBeGreaterThan(1_000_000);
    expect(sender.rma?.lentBytes).toBeGreaterThanOrEqual(receiver.rma?.readBytes ?? 0);
    expect(transportOf(sender.rma, "tcp").provider).toBe("rdma");
  });

  test("are read through the port that was asked for, or through a provider that has none", async () => {
    const isLocal = device !== "tcp;ofi_rxm";
    const port = await freePort();
    const rma = { device, source: "127.0.0.1", port };
    const receiver = await nodes.start({
      nodeId: "receiver",
      listen: { host: "127.0.0.1", port: 0 },
      store: `${nodes.folder}/store`,
      rma,
    });
    const said = isLocal ? "which has no ports" : `port ${port}`;
    expect(receiver.rma).toMatchObject({ kind: "ready", reason: expect.stringContaining(said) });
    const second = openCarrier(rma);
    expect(second).toMatchObject(
      isLocal
        ? { kind: "ready" }
        : { kind: "missing", reason: expect.stringContaining("EADDRINUSE") },
    );
    if (second.kind === "ready") second.carrier.close();
    const sender = await nodes.start({
      nodeId: "sender",
      workers: 1,
      rma: { device, source: "127.0.0.1" },
    });
    await sender.send(addressOf(receiver), { key: "first", from: randomBytes(100_000) });
    const from = randomBytes(8_000_000);
    await sender.send(addressOf(receiver), { key: "k", from });
    expect(storedIn(receiver, "k").equals(from)).toBe(true);
    expect(receiver.rma?.readBytes).toBeGreaterThan(1_000_000);
  });

  test("go by streams where the peer has no such memory", async () => {
    const receiver = await nodes.receiving();
    const rma = { device, source: "127.0.0.1" };
    const sender = await nodes.start({ nodeId: "sender", workers: 1, rma });
    const from = randomBytes(1_000_000);
    await sender.send(addressOf(receiver), { key: "k", from });
    expect(storedIn(receiver, "k").equals(from)).toBe(true);
    expect(sender.rma).toMatchObject({ kind: "ready", lentBytes: 0, readBytes: 0 });
    expect(transportOf(sender.rma, "tcp")).toMatchObject({
      provider: "tcp",
      reason: expect.stringContaining("no peer has used it"),
    });
  });
});

describe("B14: units that cannot be read come again by a stream, and so does everything after them", () => {
  const breaks: [string, (endpoint: RmaEndpoint) => Partial<RmaEndpoint>][] = [
    [
      "the provider refuses",
      () => ({
        read: () => {
          throw new Error("the device is down");
        },
      }),
    ],
    [
      "the read fails",
      (endpoint) => ({
        poll: () =>
          endpoint.poll().map(({ id }) => {
            const failure = { reason: "EIO", errno: 5, providerErrno: 0 };
            return { id, failure };
          }),
      }),
    ],
    [
      "what is read is not what was lent",
      (endpoint) => ({
        read: (transfer) => endpoint.read({ ...transfer, length: 1 }),
      }),
    ],
  ];

  test.each(breaks)("%s", async (_, broken) => {
    const [device = ""] = usable;
    const access: Rma = {
      capabilities: () => backend.rma.capabilities(),
      providers: () => backend.rma.providers(),
      open: (options) => {
        const endpoint = backend.rma.open(options);
        const change = broken(endpoint);
        return new Proxy(endpoint, {
          get: (target, name) => {
            const changed: unknown = Reflect.get(change, name);
            const found: unknown = changed ?? Reflect.get(target, name, target);
            return typeof found === "function" ? (found.bind(target) as unknown) : found;
          },
        });
      },
    };
    const receiver = await receiving(device, access);
    const sender = await nodes.start({ nodeId: "sender", workers: 1, rma: { device } });
    await sender.send(addressOf(receiver), { key: "first", from: randomBytes(100_000) });
    const from = randomBytes(4_000_000);
    await sender.send(addressOf(receiver), { key: "k", from });
    expect(storedIn(receiver, "k").equals(from)).toBe(true);
    expect(sender.rma?.lentBytes).toBeGreaterThan(0);
    expect(sender.rma?.lentBytes).toBeLessThan(from.length);
  });
});

describe("B14: the probe", () => {
  const rma = (change: Partial<Rma>): Rma => ({
    capabilities: () => [],
    providers: () => [],
    open: () => {
      throw new Error("not asked");
    },
    ...change,
  });

  test.each([
    ["the library is missing", "rma.libfabric", "libfabric.so.1: not found"],
    ["there is no device", "rma.verbs;ofi_rxm", "no RDMA device"],
    ["the device is down", "rma.verbs;ofi_rxm", "mlx5_0: no port is active"],
    ["it may not be opened", "rma.verbs;ofi_rxm", "no permission for /dev/infiniband/uverbs*"],
    ["too little memory may be locked", "rma.verbs;ofi_rxm", "only 64 KiB of memory may be locked"],
  ])("says that %s", (_, name, reason) => {
    const lacking = rma({ capabilities: () => [{ name, available: false, reason, cost: "" }] });
    expect(openCarrier({ device: "mlx5_0", access: lacking })).toEqual({
      kind: "missing",
      reason: `no device mlx5_0: ${reason}`,
    });
  });

  test("says what the provider refused, and leaves nothing open", () => {
    const provider = {
      name: "verbs;ofi_rxm",
      domain: "mlx5_0",
      addressing: "virtual",
      choosesKeys: true,
      maxTransferBytes: 1,
    } as const;
    let closed = 0;
    const endpoint = {
      provider,
      register: () => {
        throw new Error("cannot lock the memory");
      },
      close: () => void closed++,
    };
    const refusing = rma({ providers: () => [provider], open: () => endpoint as never });
    expect(openCarrier({ device: "mlx5_0", access: refusing })).toMatchObject({
      kind: "missing",
      reason: expect.stringContaining("verbs;ofi_rxm"),
    });
    expect(closed).toBe(1);
  });
});
