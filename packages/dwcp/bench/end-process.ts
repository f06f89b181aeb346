// One end of a path, told by its first argument what to be:
//   receive FOLDER WHEN                        a node that takes objects on port 7000; prints "ready"
//   send HOST BYTES STREAMS KILL_MS WARM ROOM WHEN
//                                              a node that sends one object of random bytes, and every KILL_MS cuts a connection;
//                                              before that and unmeasured, its first WARM bytes as another object; the memory
//                                              of the file ROOM, which is as long as the object, is free from then on ("-": none)
//   sink                                       a plain server on port 7001 that answers when everything arrived; prints "ready"
//   stream HOST BYTES                          one plain connection that sends as many bytes
// Nodes hash `beside` the transfer unless WHEN says `after`. The sending roles print one line of JSON.
import { randomFillSync } from "node:crypto";
import { channel } from "node:diagnostics_channel";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { startDwcpNode } from "@proj/dwcp/node";
import { type EndReport, endPorts } from "./end-report.js";

const security = { mode: "psk", key: new TextEncoder().encode("a key of both ends") } as const;
const LEVEL = 0;
const LOOK_MS = 20;
const [role, ...rest] = process.argv.slice(2);
const [host = "", bytes = "0", streams = "0", killMs = "0", warm = "0", room = "-"] = rest;
const verification = rest.at(-1) === "after" ? "after" : "beside";

switch (role) {
  case "receive":
    await startDwcpNode({
      nodeId: "far",
      security,
      listen: { host: "0.0.0.0", port: endPorts.node },
      store: host,
      verification,
    });
    console.log("ready");
    break;
  case "send":
    await send();
    break;
  case "sink":
    createServer({ allowHalfOpen: true }, (socket) =>
      socket.resume().once("end", () => socket.end("all")),
    ).listen(endPorts.sink, "0.0.0.0", () => console.log("ready"));
    break;
  default:
    await stream();
}

async function send(): Promise<void> {
  // Where all threads see it: nothing is copied first, as for a file.
  const object = randomFillSync(new Uint8Array(new SharedArrayBuffer(Number(bytes))));
  const count = Number(streams);
  if (room !== "-") writeFileSync(room, object);
  const node = await startDwcpNode({
    nodeId: "near",
    security,
    // The path's own default, which the case has set.
    congestionControl: "system",
    verification,
    streams: { minStreams: 1, initialStreams: count, maxStreams: 64, autoStreams: false },
  });
  const to = { host, port: endPorts.node };
  const warming = object.subarray(0, Number(warm));
  if (warming.length > 0) await node.send(to, { key: "warm", from: warming, level: LEVEL });
  if (room !== "-") rmSync(room);
  const killer = Number(killMs) > 0 ? cutConnections(Number(killMs), count) : undefined;
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  let arrivedSeconds = Number.NaN;
  // It is told again later, with whatever else happens to the transfer.
  const progress = (arrivedBytes: number): void => {
    if (arrivedBytes === object.length && Number.isNaN(arrivedSeconds)) {
      arrivedSeconds = secondsSince(startMs);
    }
  };
  const flights: number[] = [];
  const looking = setInterval(() => {
    flights.push(...node.traffic.map(({ inflightBytes }) => inflightBytes));
  }, LOOK_MS);
  const result = await node.send(to, { key: "object", from: object, level: LEVEL, progress });
  const seconds = secondsSince(startMs);
  clearInterval(killer);
  clearInterval(looking);
  const cpu = cpuSince(cpuBefore);
  const { wireBytes } = result;
  const inflight = spreadOf(flights);
  tell({ seconds, arrivedSeconds, rawBytes: object.length, wireBytes, inflight, cpu });
  await node.close();
}

/** Destroys one connection after the other, the oldest first, while there are `least` that work. */
function cutConnections(everyMs: number, least: number): NodeJS.Timeout {
  const open = new Set<Socket>();
  channel("net.client.socket").subscribe((message) => {
    const { socket } = message as { socket: Socket };
    // What has said something is attached, or nearly.
    socket.once("data", () => open.add(socket));
    socket.once("close", () => open.delete(socket));
  });
  return setInterval(() => {
    const [oldest] = open;
    if (open.size >= least) oldest?.resetAndDestroy();
  }, everyMs);
}

async function stream(): Promise<void> {
  const object = randomFillSync(new Uint8Array(Number(bytes)));
  const socket = connect({ host, port: endPorts.sink, noDelay: true });
  await once(socket, "connect");
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  socket.end(object).resume();
  await once(socket, "end");
  const seconds = secondsSince(startMs);
  const cpu = cpuSince(cpuBefore);
  tell({
    seconds,
    arrivedSeconds: seconds,
    rawBytes: object.length,
    wireBytes: object.length,
    inflight: spreadOf([]),
    cpu,
  });
}

function spreadOf(values: readonly number[]): EndReport["inflight"] {
  const sorted = values.toSorted((a, b) => a - b);
  return { p95: sorted[Math.floor(0.95 * sorted.length)] ?? 0, most: sorted.at(-1) ?? 0 };
}

function secondsSince(startMs: number): number {
  return (performance.now() - startMs) / 1_000;
}

function cpuSince(before: NodeJS.CpuUsage): EndReport["cpu"] {
  const { user, system } = process.cpuUsage(before);
  return { user: user / 1e6, system: system / 1e6 };
}

function tell(report: EndReport): void {
  console.log(JSON.stringify(report));
}
