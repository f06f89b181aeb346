// One party of the tests between processes: `tensor-party.js driver|writer|reader AERON_DIR BASE_DIR`.
import { setImmediate as turn } from "node:timers/promises";
import { connectAeron } from "@proj/aeron/node";
import { attachConsumer, attachProducer, startPoolDriver } from "@proj/tensor-pool/node";
import { testConfig } from "./pool-config.js";

const [role = "", aeronDir = "", baseDir = ""] = process.argv.slice(2);
const { client } = await connectAeron({ aeronDir });
const say = (what: string): void => {
  process.stdout.write(`${what}\n`);
};
const common = {
  client,
  streamId: 10_000,
  allowedDirs: [baseDir],
  keepaliveNs: 200_000_000n,
  announcePeriodNs: 200_000_000n,
};
if (role === "driver") {
  const more = "epoch_gc_keep = 1\nepoch_gc_min_age_ns = 600000000\nepoch_gc_on_startup = true";
  const { ended, stop } = await startPoolDriver({ client, config: testConfig(baseDir, more) });
  process.on("SIGTERM", () => void stop());
  say("ready");
  await ended;
  process.exit(0);
} else if (role === "writer") {
  const producer = await attachProducer({
    ...common,
    onMapped: (epoch) => {
      say(`mapped ${epoch}`);
    },
  });
  const values = new Uint32Array(1_024);
  for (;;) {
    for (let count = 0; count < 16; count++) {
      values.fill(producer.counters.published);
      producer.publish({ dtype: "uint32", shape: [1_024], data: values });
    }
    await turn();
  }
} else {
  const consumer = await attachConsumer({ ...common, maxOutstandingSeqGap: 0 });
  let frames = 0;
  for await (const frame of consumer.frames()) {
    const words = frame.values() as Uint32Array;
    const same = words.every((word) => word === words[0]);
    if (frame.stillValid() && !same) say("torn");
    if (++frames % 100 === 0) say(`read ${frames} ${consumer.epoch}`);
  }
}
