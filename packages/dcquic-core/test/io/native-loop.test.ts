import { afterEach, expect, jest, test } from "@jest/globals";
import { backend, type UdpSocket } from "@proj/native-io";
import type { Engine } from "@proj/dcquic-core";
import { NativeDriver } from "#src/io/native/native-driver.js";

const drivers: NativeDriver[] = [];
const nativeTest = backend.kind === "native" ? test : test.skip;
const resetSigner = new Uint8Array(32).fill(4);

afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(drivers.splice(0).map((driver) => driver.close()));
});

async function bound(): Promise<NativeDriver> {
  const driver = await NativeDriver.bind({
    ports: [{ host: "127.0.0.1", port: 0 }],
    resetSigner,
    thread: "own",
    onEvent: () => {},
  });
  drivers.push(driver);
  return driver;
}

/** Notes in which order the engine is called. */
function watched(engine: Engine): string[] {
  const called: string[] = [];
  for (const step of ["receive", "tick", "transmit"] as const) {
    const real = engine[step].bind(engine) as (...given: unknown[]) => never;
    jest.spyOn(engine, step).mockImplementation((...given: unknown[]) => {
      called.push(step);
      return real(...given);
    });
  }
  return called;
}

nativeTest(
  "§3 row 3, NIC worker, §22: a turn receives, fires what is due, and then sends, each for a whole batch, and is counted",
  async () => {
    const driver = await bound();
    const from = await backend.udp.open({ ports: [{ host: "127.0.0.1", port: 0 }] });
    const to = from.pin(driver.address);
    // Three packets of a stranger: one call takes them.
    for (let row = 0; row < 3; row++) {
      from.tx.bytes.fill(0xd2, row * 100, row * 100 + 100);
      from.tx.meta.set([row * 100, 100, 0, to, 0, 0, 0, 0], row * 8);
    }
    expect(from.transmit(3)).toBe(3);
    const called = watched(driver.engine);
    const before = driver.measured.driver?.turns;
    expect(driver.poll("spin")).toBe(true);
    expect(called.slice(0, 3)).toEqual(["receive", "tick", "transmit"]);
    expect(called.filter((step) => step === "receive")).toHaveLength(1);
    expect(driver.measured.driver?.turns).toBe((before ?? Number.NaN) + 1);
    from.close();
  },
);

nativeTest("§3 row 3, NIC worker: what is received lies apart from what is sent", async () => {
  const opened = jest.spyOn(backend.udp, "open");
  await bound();
  const socket = (await opened.mock.results[0]?.value) as UdpSocket | undefined;
  const memory = [socket?.rx, socket?.tx, socket?.errors].flatMap((slab) => [
    slab?.bytes.buffer,
    slab?.meta.buffer,
  ]);
  expect(memory.every((each) => each instanceof SharedArrayBuffer)).toBe(true);
  expect(new Set(memory).size).toBe(memory.length);
});
