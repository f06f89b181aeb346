import { afterEach, describe, expect, test } from "@jest/globals";
import { portable } from "@proj/native-io";
import { describeWith } from "@proj/peers";
import { once } from "node:events";
import { connect, createServer, type Server, Socket } from "node:net";
import { native } from "../native-peer.js";

let server: Server | undefined;
const sockets: Socket[] = [];

/** A connected socket and its peer. */
async function connected(): Promise<{ client: Socket; peer: Socket }> {
  const listening = createServer();
  server = listening;
  const accepted = once(listening, "connection") as Promise<[Socket]>;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const address = listening.address();
  const client = connect(typeof address === "object" ? (address?.port ?? 0) : 0, "127.0.0.1");
  await once(client, "connect");
  const [peer] = await accepted;
  sockets.push(client, peer);
  return { client, peer };
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  const closing = server;
  if (closing !== undefined) await new Promise((resolve) => closing.close(resolve));
  server = undefined;
});

describe("portable TCP options", () => {
  test("refuses every option and says why", async () => {
    const { client } = await connected();
    const { tcp } = portable;
    const refusal = { kind: "refused", errno: "ENOTSUP" };
    expect(tcp.congestionControl(client)).toMatchObject(refusal);
    expect(tcp.setCongestionControl(client, "reno")).toMatchObject(refusal);
    expect(tcp.info(client)).toMatchObject(refusal);
    expect(tcp.duplicate(client)).toMatchObject(refusal);
    expect(tcp.setNotSentLowWater(client, 1)).toMatchObject(refusal);
    expect(tcp.setSendBuffer(client, 1)).toMatchObject(refusal);
    expect(tcp.setReceiveBuffer(client, 1)).toMatchObject(refusal);
    expect(tcp.setMaxPacingRate(client, 1)).toMatchObject(refusal);
    expect(tcp.capabilities().every(({ available }) => !available)).toBe(true);
  });
});

describeWith("native TCP options", native, ({ tcp }) => {
  test("names and changes the congestion control", async () => {
    const { client } = await connected();
    expect(tcp.congestionControl(client)).toMatchObject({ kind: "done" });
    expect(tcp.setCongestionControl(client, "reno")).toEqual({ kind: "done", value: "reno" });
    expect(tcp.congestionControl(client)).toEqual({ kind: "done", value: "reno" });
  });

  test("refuses an algorithm that does not exist", async () => {
    const { client } = await connected();
    const refusal = { kind: "refused", errno: "ENOENT" };
    expect(tcp.setCongestionControl(client, "nosuch")).toMatchObject(refusal);
    expect(tcp.setCongestionControl(client, "a name longer than any")).toMatchObject(refusal);
    expect(tcp.setCongestionControl(client, "")).toMatchObject(refusal);
  });

  test("duplicates a connection, which outlives the socket it was taken from", async () => {
    const { client, peer } = await connected();
    const copy = tcp.duplicate(peer);
    if (copy.kind === "refused") throw new Error(copy.reason);
    const second = new Socket({ fd: copy.value, readable: true, writable: true });
    sockets.push(second);
    peer.destroy();
    await once(peer, "close");
    second.write("still here");
    expect(String((await once(client, "data"))[0])).toBe("still here");
    client.end("and gone");
    expect(String((await once(second, "data"))[0])).toBe("and gone");
    expect(tcp.duplicate(peer)).toMatchObject({ kind: "refused", errno: "EBADF" });
  });

  test("reads the state of a connection", async () => {
    const { client, peer } = await connected();
    peer.write(Buffer.alloc(50_000));
    for (let left = 50_000; left > 0;) {
      const [chunk] = (await once(client, "data")) as [Buffer];
      left -= chunk.length;
    }
    const info = tcp.info(client);
    if (info.kind === "refused") throw new Error(info.reason);
    expect(info.value.receivedBytes).toBe(50_000);
    expect(info.value.rttUs).toBeGreaterThan(0);
    expect(info.value.sendMssBytes).toBeGreaterThan(500);
    expect(info.value.pathMtuBytes).toBeGreaterThan(1000);
    expect(info.value.congestionWindowSegments).toBeGreaterThan(0);
    expect(info.value.totalRetransmissions).toBe(0);
    const sender = tcp.info(peer);
    expect(sender).toMatchObject({ kind: "done", value: { notSentBytes: 0 } });
  });

  test("sets sizes and rates, and reads them back", async () => {
    const { client } = await connected();
    expect(tcp.setNotSentLowWater(client, 65_536)).toEqual({ kind: "done", value: 65_536 });
    expect(tcp.setSendBuffer(client, 50_000)).toEqual({ kind: "done", value: 100_000 });
    expect(tcp.setReceiveBuffer(client, 50_000)).toEqual({ kind: "done", value: 100_000 });
    expect(tcp.setMaxPacingRate(client, 1_000_000)).toEqual({ kind: "done", value: 1_000_000 });
    const past32 = 2 ** 33;
    expect(tcp.setMaxPacingRate(client, past32)).toEqual({ kind: "done", value: past32 });
  });

  test("a socket that is not open has no options", async () => {
    const { client } = await connected();
    client.destroy();
    await once(client, "close");
    const refusal = { kind: "refused", errno: "EBADF" };
    expect(tcp.info(client)).toMatchObject(refusal);
    expect(tcp.congestionControl(client)).toMatchObject(refusal);
    expect(tcp.setSendBuffer(client, 1)).toMatchObject(refusal);
  });

  test("refuses a value that no option takes", async () => {
    const { client } = await connected();
    const range = expect.objectContaining({ name: "RangeError" });
    expect(() => tcp.setSendBuffer(client, -1)).toThrow(range);
    expect(() => tcp.setNotSentLowWater(client, 0.5)).toThrow(range);
  });
});
