// A process of the demo's tensor stream: `frames-main.js writer|reader AERON_DIR STREAM`, told what to do over its channel.
import { connectAeron } from "@proj/aeron/node";
import { attachConsumer, attachProducer } from "@proj/tensor-pool/node";
import { setTimeout as sleep } from "node:timers/promises";
import { FRAME_CHANNELS, FRAME_SIDE, MovingPicture } from "./moving-picture.js";
import type { FramesOrder, FramesReport } from "./tensor-leg.js";

const [role = "", aeronDir = "", stream = ""] = process.argv.slice(2);
process.once("disconnect", () => process.exit(0));
const { client } = await connectAeron({ aeronDir });
const attached = { client, streamId: Number(stream) };
const picture = new MovingPicture();
const orders: FramesOrder[] = [];
process.on("message", (order: FramesOrder) => orders.push(order));
if (role === "writer") await write();
else await read();

function tell(report: FramesReport): void {
  process.send?.(report);
}

async function nextOrder(): Promise<FramesOrder> {
  for (;;) {
    const order = orders.shift();
    if (order !== undefined) return order;
    await sleep(1);
  }
}

async function write(): Promise<void> {
  const producer = await attachProducer(attached);
  await producer.mapped();
  tell({ kind: "ready" });
  const { framesPerSecond, seconds } = await nextOrder();
  const startMs = performance.now();
  for (let due = 0; due < framesPerSecond * seconds; due++) {
    while (performance.now() - startMs < (due * 1_000) / framesPerSecond) await sleep(1);
    const claim = producer.claim([FRAME_SIDE, FRAME_SIDE, FRAME_CHANNELS], "uint8");
    if (typeof claim === "number") continue;
    picture.draw(claim.seq, claim.bytes);
    claim.commit();
  }
  tell({ kind: "written", frames: producer.counters.published });
}

async function read(): Promise<void> {
  const consumer = await attachConsumer(attached);
  await consumer.mapped();
  const latenciesUs: number[] = [];
  let frames = 0;
  let wrong = 0;
  let overwritten = 0;
  tell({ kind: "ready" });
  void (async () => {
    for await (const frame of consumer.frames()) {
      const us = Number(process.hrtime.bigint() - (frame.timestampNs ?? 0n)) / 1_000;
      const right = picture.shows(frame.seq, frame.payload);
      if (!frame.stillValid()) overwritten++;
      else if (right) {
        frames++;
        latenciesUs.push(us);
      } else wrong++;
    }
  })();
  await nextOrder();
  const sorted = latenciesUs.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
  const { dropsGap, dropsLate } = consumer.counters;
  const dropped = dropsGap + dropsLate + overwritten;
  tell({ kind: "read", frames, wrong, dropped, p50Us: at(0.5), p99Us: at(0.99) });
}
