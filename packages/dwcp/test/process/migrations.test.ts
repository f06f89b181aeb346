import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type DwcpNode, startDwcpNode } from "@proj/dwcp/node";
import { until } from "@proj/wire-types/testing";
import type { ChildProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BusyMemory } from "../support/busy-memory.js";
import { killed, mustRun, portOf, start } from "../support/node-process.js";
import { testKey } from "../support/test-key.js";

const program = fileURLToPath(new URL("../support/migration-program.js", import.meta.url));

/** What a process says while it migrates. */
interface Said {
  readonly said?: string;
  readonly round?: number;
  readonly isLast?: boolean;
}

let folder: string;
let port: number;
let receiver: ChildProcess;
let told: Said[];
const others: ChildProcess[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "dwcp-migrations-"));
  [told, port] = [[], 0];
  await startReceiver();
});

afterEach(async () => {
  for (const each of [...others.splice(0), receiver]) await killed(each);
  rmSync(folder, { recursive: true, force: true });
});

async function startReceiver(): Promise<void> {
  receiver = start(program, ["receive", port, join(folder, "store")]);
  receiver.on("message", (message) => void told.push(message as Said));
  port = await portOf(receiver);
}

async function restartReceiver(): Promise<void> {
  await killed(receiver);
  await startReceiver();
}

/** SHA-256 of the newest state that is there. */
function arrived(key: string): string {
  const kept = join(folder, "store", "objects", key);
  const [last = ""] = readdirSync(kept)
    .filter((name) => name.endsWith(".bin"))
    .toSorted()
    .slice(-1);
  return sha256(readFileSync(join(kept, last)));
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

const tookOver = (): boolean => told.some(({ isLast }) => isLast === true);

describe("B15: a receiver that is killed", () => {
  let sender: DwcpNode;
  let source: BusyMemory;

  beforeEach(async () => {
    sender = await startDwcpNode({
      nodeId: "sender",
      security: { mode: "psk", key: testKey },
      streams: { minStreams: 1, initialStreams: 2, maxStreams: 2 },
      workers: 1,
    });
    source = new BusyMemory(1_500, 2);
  });

  afterEach(async () => {
    source.stop();
    await sender.close();
  });

  function move(progress: (round: number) => void): Promise<unknown> {
    return sender.migrate(
      { host: "127.0.0.1", port },
      {
        key: "machine",
        source,
        folder,
        goal: { downtimeMs: 1, maxRounds: 4 },
        progress: ({ round }) => progress(round),
      },
    );
  }

  test("between rounds is no end of it: the source runs on, and moves", async () => {
    const killing: Promise<void>[] = [];
    await move((round) => {
      if (round === 1) killing.push(restartReceiver());
    });
    await Promise.all(killing);
    expect(source.log).toEqual(["pause"]);
    expect(arrived("machine")).toBe(source.sha256);
    await until(tookOver, "the receiver's word");
  });

  test("in the last round takes over afterwards, while the source stands still", async () => {
    const killing: Promise<void>[] = [];
    const pause = source.pause.bind(source);
    source.pause = () => {
      pause();
      killing.push(restartReceiver());
    };
    await move(() => undefined);
    await Promise.all(killing);
    expect(source.log).toEqual(["pause"]);
    expect(arrived("machine")).toBe(source.sha256);
    await until(tookOver, "the receiver's word");
  });
});

describe("B15: a sender that is killed", () => {
  let image: string;

  beforeEach(() => {
    image = join(folder, "image");
    writeFileSync(image, randomBytes(1_000 * 4_096));
  });

  /** Starts moving the image, and waits until the process says `until`. */
  async function moveUntil(said: string): Promise<{ child: ChildProcess; heard: Said[] }> {
    const child = start(program, ["move", port, image]);
    others.push(child);
    const heard: Said[] = [];
    child.on("message", (message) => void heard.push(message as Said));
    const hasSaid = (): boolean => heard.some((each) => each.said === said);
    await until(() => hasSaid() || mustRun(child), `${said} of the sender`, { everyMs: 5 });
    return { child, heard };
  }

  test("after a round leaves an image that nobody stopped and nobody took over", async () => {
    const { child, heard } = await moveUntil("round 0");
    await killed(child);
    expect(heard.some(({ said }) => said === "resume" || said === "moved")).toBe(false);
    expect(tookOver()).toBe(false);
  });

  test("in the last round leaves it stopped, and the receiver does not run it", async () => {
    const { child } = await moveUntil("pause");
    await killed(child);
    expect(tookOver()).toBe(false);
    // Another one brings it all the same.
    const again = await moveUntil("pause");
    again.child.send("go on");
    await until(() => again.heard.some(({ said }) => said === "moved"), "the image to be moved");
    expect(arrived("image")).toBe(sha256(readFileSync(image)));
    await until(tookOver, "the receiver's word");
  });
});
