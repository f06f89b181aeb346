import { type DwcpNode, nodeHdePlatform, startDwcpNode } from "@proj/dwcp/node";
import { systemTime } from "@proj/wire-types/system";
import { once } from "node:events";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { formatTable } from "../cli/text-table.js";
import { formatBytes, formatDuration } from "../cli/units.js";
import { parseDwcpUrl } from "../replicate/dwcp-url.js";
import { ReplicationJournal } from "../replicate/replication-journal.js";
import { type ReplicationReport, Replicator } from "../replicate/replicator.js";
import { findSource } from "../replicate/source.js";
import { startDelayRelay } from "./delay-relay.js";
import { FlightDatabase } from "./flight-database.js";
import type { HeldThings } from "./held-things.js";

/** Where the replica goes. */
export interface ReplicaLegOptions {
  /** The other node: `dwcp://host:port`. */
  readonly url: string;
  readonly key: Uint8Array;
  /** The folder in which it keeps replicas. */
  readonly replicas: string;
  /** A folder for this side's file and journal. */
  readonly folder: string;
  /** The flights that fill the database. */
  readonly file: string;
}

/** One state, and what other ways of bringing it there take. */
interface ReplicaRound extends ReplicationReport {
  /** Bytes of the file by those of DWCP. */
  readonly ratio: number;
  /** SHA-256 of the file at the other node. */
  readonly sha256: string;
  /** The whole file over one TCP connection, through the same network. */
  readonly plainUs: number;
  /** The whole file, compressed by zstd at the level that the replication uses. */
  readonly zstdBytes: number;
  /** Compressing it, and bringing that over one TCP connection. */
  readonly zstdUs: number;
}

/** What replicating a database cost, and what only its changes. */
export interface ReplicaLegResult {
  readonly database: string;
  readonly rows: number;
  readonly roundTripMs: number;
  /** Rows that were changed between both rounds. */
  readonly changes: number;
  readonly first: ReplicaRound;
  readonly changed: ReplicaRound;
}

const ONE_WAY_MS = 50;
const CHANGES = 200;
const LEVEL = 3;
const STREAMS = 4;
const NAME = "flights.db";

/**
 * Fills an SQLite database with 200 000 flights, replicates it to the other node over a network that takes time, delays some
 * flights, and replicates that.
 *
 * @throws Error when what lies at the other node is not what was sent
 */
export async function replicateFlights(
  options: ReplicaLegOptions,
  held: HeldThings,
): Promise<ReplicaLegResult> {
  const peer = parseDwcpUrl(options.url);
  if (peer === undefined) throw new Error("the other node takes no replicas");
  const relay = await startDelayRelay(peer.port, ONE_WAY_MS);
  held.hold(() => relay.close());
  const node = await startDwcpNode({
    nodeId: "demo-a",
    security: { mode: "psk", key: options.key },
    streams: { minStreams: 1, initialStreams: STREAMS },
  });
  held.hold(() => node.close());
  const path = join(options.folder, NAME);
  const database = new FlightDatabase(path);
  try {
    const rows = database.fill(readFileSync(options.file, "utf8"));
    const bring = await rounds(node, relay.port, path, options);
    const first = await bring();
    const changes = database.delay(CHANGES);
    const changed = await bring();
    return { database: NAME, rows, roundTripMs: 2 * ONE_WAY_MS, changes, first, changed };
  } finally {
    database.close();
  }
}

/** Tells what the replica cost. */
export function formatReplicaLeg(result: ReplicaLegResult): string {
  const { first, changed, changes, roundTripMs, database, rows: flights } = result;
  const row = (what: string, round: ReplicaRound): string[] => [
    what,
    formatBytes(round.rawBytes),
    formatBytes(round.wireBytes),
    `${round.ratio.toFixed(1)}:1`,
    formatDuration(round.durationUs),
    formatDuration(round.plainUs),
    formatBytes(round.zstdBytes),
    formatDuration(round.zstdUs),
  ];
  const heads = [
    "state",
    "database",
    "DWCP",
    "ratio",
    "time",
    "plain copy",
    `zstd -${LEVEL}`,
    "its copy",
  ];
  return [
    `Replica of ${database}, an SQLite database of ${flights} flights, at the other node, over ${roundTripMs} ms there and back:`,
    "",
    formatTable(heads, [row("first", first), row(`${changes} flights changed`, changed)], {
      right: [1, 2, 3, 4, 5, 6, 7],
    }),
    "DWCP's time ends when the other node has read back, verified, synced and published the file; that of a plain copy over one",
    "TCP connection when this side hears that the last byte arrived. The network here has a delay and no limit: on a real one the bytes decide.",
    "",
  ].join("\n");
}

async function rounds(
  node: DwcpNode,
  port: number,
  path: string,
  options: ReplicaLegOptions,
): Promise<() => Promise<ReplicaRound>> {
  const { zstd } = await nodeHdePlatform();
  const journals = join(options.folder, "replicate");
  return async () => {
    const state = readFileSync(path);
    const journal = await ReplicationJournal.open(journals, [path]);
    try {
      const replicator = new Replicator({
        node,
        peer: { host: "127.0.0.1", port },
        // Nobody but this process writes to it, and nobody does now: its file is a consistent state, without a backup by SQLite.
        source: await findSource(path, "file"),
        name: NAME,
        journal,
        clock: systemTime,
        level: LEVEL,
        algorithm: "auto",
        onProgress: () => undefined,
      });
      const [report] = await replicator.run();
      if (report === undefined) throw new Error("nothing was replicated");
      const sha256 = sha256Of(readFileSync(join(options.replicas, NAME)));
      if (sha256 !== sha256Of(state)) throw new Error("the replica is not what was sent");
      const plainUs = await copyPlainly(state);
      const startUs = systemTime.nowUs();
      const compressed = zstd.compress(state, { level: LEVEL });
      const compressedUs = Math.round(systemTime.nowUs() - startUs);
      const zstdUs = compressedUs + (await copyPlainly(compressed));
      const ratio = report.rawBytes / report.wireBytes;
      return { ...report, ratio, sha256, plainUs, zstdBytes: compressed.length, zstdUs };
    } finally {
      journal.close();
    }
  };
}

async function copyPlainly(bytes: Uint8Array): Promise<number> {
  const sink = createServer((socket) => {
    let left = bytes.length;
    socket.on("data", (chunk) => {
      left -= chunk.length;
      if (left === 0) socket.end("all here");
    });
  });
  sink.listen(0, "127.0.0.1");
  await once(sink, "listening");
  const relay = await startDelayRelay((sink.address() as AddressInfo).port, ONE_WAY_MS);
  try {
    const startUs = systemTime.nowUs();
    const socket = connect(relay.port, "127.0.0.1");
    socket.write(bytes);
    await once(socket, "data");
    return Math.round(systemTime.nowUs() - startUs);
  } finally {
    await relay.close();
    await new Promise((resolve) => sink.close(resolve));
  }
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
