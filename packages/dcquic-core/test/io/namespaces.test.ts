import { afterEach, expect, test } from "@jest/globals";
import { backend } from "@proj/native-io";
import { heard, TwoNamespaces } from "../support/netns.js";
import type { NetnsDriver } from "../support/netns-node.js";

const lack = TwoNamespaces.lack();
const drivers =
  backend.kind === "native" ? (["native", "dgram", "thread"] as const) : (["dgram"] as const);
let network: TwoNamespaces | undefined;

afterEach(() => {
  network?.dispose();
  network = undefined;
});

if (lack === undefined) {
  for (const driver of drivers) {
    if (driver !== "thread") onNetworks(driver);
    betweenWorkers(driver);
  }
  test("an end that fails ends the wait for the other one at once, with a sentence", async () => {
    network = TwoNamespaces.make(1);
    const common = { driver: "dgram", port: 4600, bytes: 1000 } as const;
    const server = network.start(0, { ...common, role: "serve", hosts: ["10.77.1.1"] });
    expect(await heard(server)).toMatchObject({ kind: "ready" });
    const waiting = heard(server);
    // Nobody answers handshakes there.
    const peer = "10.77.1.1:4601";
    network.start(1, { ...common, role: "send", hosts: ["10.77.1.2"], peer });
    await expect(waiting).rejects.toThrow("the end that was to send ended with 1");
  });
} else test.skip(`real networks: ${lack}`, () => {});

function onNetworks(driver: "native" | "dgram"): void {
  test(`§18, two NICs over ${driver}: one goes down in mid-transfer, and the other carries it on`, async () => {
    network = TwoNamespaces.make(2);
    network.limit(1, 1, "100mbit");
    network.limit(1, 2, "100mbit");
    const hosts = (side: number): string[] => [`10.77.1.${side}`, `10.77.2.${side}`];
    const common = { driver, port: 4600, bytes: 40_000_000 };
    const server = network.start(0, { ...common, role: "serve", hosts: hosts(1) });
    expect(await heard(server)).toMatchObject({ kind: "ready" });
    const peer = "10.77.1.1:4600";
    const sender = network.start(1, { ...common, role: "send", hosts: hosts(2), peer });
    expect(await heard(sender)).toEqual({ kind: "begun" });
    // Whichever end fails, the other one would be waited for in vain.
    const done = heard(sender);
    const placed = heard(server).then(async (news) => {
      expect(news).toEqual({ kind: "moving" });
      network?.set(0, 1, "down");
      return heard(server);
    });
    expect(await Promise.all([placed, done])).toMatchObject([
      { kind: "placed", whole: true },
      { kind: "done" },
    ]);
  });

  test(`§18, a worker on each of two NICs over ${driver}: a carrier that is lost, or back, is noticed, and calls go on`, async () => {
    network = TwoNamespaces.make(2);
    const common = { driver, port: 4600, bytes: 5000 };
    const hosts = ["10.77.2.2", "10.77.1.2"];
    const server = network.start(1, { ...common, role: "serve", hosts });
    expect(await heard(server)).toMatchObject({ kind: "ready" });
    const caller = network.start(0, {
      ...common,
      role: "call",
      hosts: ["10.77.1.1", "10.77.2.1"],
      peer: "10.77.2.2:4600",
    });
    expect(await heard(caller)).toEqual({ kind: "ready", nics: ["up", "up"] });
    // The far end of the cable: here the interface stays up and has no carrier.
    network.set(1, 1, "down");
    expect(await heard(caller)).toEqual({ nic: 0, state: "down", answered: 5000 });
    network.set(1, 1, "up");
    expect(await heard(caller)).toEqual({ nic: 0, state: "up", answered: 5000 });
  }, 120_000);

  test(`§12, a link of 50 Mbit/s over ${driver}: everything arrives at no more than its pace`, async () => {
    network = TwoNamespaces.make(1);
    network.limit(1, 1, "50mbit");
    const common = { driver, port: 4600, bytes: 5_000_000 };
    const server = network.start(0, { ...common, role: "serve", hosts: ["10.77.1.1"] });
    expect(await heard(server)).toMatchObject({ kind: "ready" });
    const peer = "10.77.1.1:4600";
    const sender = network.start(1, { ...common, role: "send", hosts: ["10.77.1.2"], peer });
    expect(await heard(sender)).toEqual({ kind: "begun" });
    expect(await heard(server)).toEqual({ kind: "moving" });
    expect(await heard(server)).toEqual({ kind: "placed", whole: true });
    const { ms } = await heard(sender);
    // 5 MB take 0.8 s at 50 Mbit/s: faster is impossible.
    expect(Number(ms)).toBeGreaterThan(700);
  });
}

function betweenWorkers(driver: NetnsDriver): void {
  test(`§18, a worker on each of two NICs over ${driver}: while the first is down, a dialer that knows the second gets in`, async () => {
    network = TwoNamespaces.make(2);
    const common = { driver, port: 4600, bytes: 500_000, workers: "each" } as const;
    const hosts = ["10.77.1.1", "10.77.2.1"];
    const server = network.start(0, { ...common, role: "serve", hosts });
    expect(await heard(server)).toMatchObject({ kind: "ready" });
    network.set(0, 1, "down");
    const peer = "10.77.2.1:4600";
    const sender = network.start(1, { ...common, role: "send", hosts: ["10.77.2.2"], peer });
    expect(await heard(sender)).toEqual({ kind: "begun" });
    expect(await heard(sender)).toMatchObject({ kind: "home" });
    expect(await heard(sender)).toMatchObject({ kind: "done" });
  }, 60_000);

  test.each([
    { whose: "both sides lose their carriers", cut: "cable" },
    { whose: "one side finds its card gone, and the other nothing", cut: "card" },
    { whose: "a card goes of which the system never said that it was ready", cut: "unready card" },
  ])(
    `§18, a worker on each of two NICs over ${driver}: its NIC goes in mid-transfer, $whose, and what runs goes on through the other`,
    async ({ cut }) => {
      network = TwoNamespaces.make(2);
      if (cut === "unready card") network.leaveUnready(1, 1, 2);
      for (const link of [1, 2]) network.limit(1, link, "50mbit");
      const common = {
        driver,
        port: 4600,
        bytes: 8_000_000,
        workers: "each",
        nicBytesPerSecond: 6.25e6,
      } as const;
      const hosts = (side: number): string[] => [`10.77.1.${side}`, `10.77.2.${side}`];
      const server = network.start(0, { ...common, role: "serve", hosts: hosts(1) });
      expect(await heard(server)).toMatchObject({ kind: "ready" });
      const peer = "10.77.1.1:4600";
      const sender = network.start(1, { ...common, role: "send", hosts: hosts(2), peer });
      expect(await heard(sender)).toEqual({ kind: "begun" });
      const home = await heard(sender);
      expect(home).toMatchObject({ kind: "home" });
      expect(await heard(server)).toEqual({ kind: "moving" });
      const link = Number(home["worker"]) + 1;
      if (cut === "cable") network.set(0, link, "down");
      else network.take(1, link);
      expect(await heard(server)).toEqual({ kind: "placed", whole: true });
      expect(await heard(sender)).toMatchObject({ kind: "done" });
    },
    60_000,
  );
}
