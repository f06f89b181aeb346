import { CounterMirror } from "../../counters/counter-mirror.js";
import { ControlAdapter } from "../../control/control-adapter.js";
import type { ShmPoolAnnounce } from "../../messages/generated/wire.js";
import { DEFAULT_CHANNEL, StreamIds } from "../../stream-ids.js";
import { openPoller } from "../message-poller.js";
import { startPoolDriver } from "../pool-driver.js";
import { readConfig } from "./config-commands.js";
import { ExitCode, type OptionSpec, type ToolCommand, type ToolContext } from "./tool-command.js";
import { AERON_OPTIONS, turnUntil, withClient } from "./tool-connection.js";
import { toolLogger } from "./tool-logger.js";

/** The type of the counters in which tools show a driver's counts. */
const POOL_COUNTER_TYPE = 2_101;
const MIRROR_MS = 1_000;

const LISTEN: Readonly<Record<string, OptionSpec>> = {
  ...AERON_OPTIONS,
  channel: { type: "string", short: "c", help: "the announce channel" },
  announce: { type: "string", short: "A", help: "the announce stream (default 1001)" },
  for: { type: "string", help: "listen for so many milliseconds (default 2200)" },
};

/** What runs a driver, and what tells of one. spec/tensor-pool.md §23 */
export const driverCommands: readonly ToolCommand[] = [
  {
    name: "driver",
    summary: "Run a driver until it is stopped",
    operands: "[config.toml]",
    options: { config: { type: "string", short: "c", help: "the configuration, in TOML" } },
    run: runDriver,
  },
  {
    name: "driver-status",
    summary: "Tell whether a driver lives, and what it announces",
    options: LISTEN,
    async run(context) {
      const streams = await announces(context);
      const line = `${streams.length} streams announced`;
      context.print({ fields: { alive: streams.length > 0, streams: streams.length }, line });
      return streams.length > 0 ? ExitCode.ok : ExitCode.failure;
    },
  },
  {
    name: "driver-list-streams",
    summary: "Print the streams that are announced",
    options: LISTEN,
    async run(context) {
      for (const { streamId, producerId, epoch, headerNslots, payloadPools } of await announces(
        context,
      )) {
        const pools = payloadPools.map(({ poolId, strideBytes }) => ({ poolId, strideBytes }));
        context.print({ fields: { streamId, producerId, epoch, nslots: headerNslots, pools } });
      }
      return ExitCode.ok;
    },
  },
  {
    name: "driver-counters",
    summary: "Print the counters of tensor pools at this Aeron driver",
    options: AERON_OPTIONS,
    run: (context) =>
      withClient(context, (client) => {
        for (const { typeId, label, value } of client.counters) {
          if (typeId === POOL_COUNTER_TYPE) {
            context.print({ fields: { label, value }, line: `${label}: ${value}` });
          }
        }
        return Promise.resolve(ExitCode.ok);
      }),
  },
];

async function runDriver(context: ToolContext): Promise<ExitCode> {
  const config = readConfig(context);
  const logger = toolLogger(context);
  const directory = config.driver.aeron_dir;
  const values = { ...context.values, text: () => (directory === "" ? undefined : directory) };
  return await withClient({ values }, async (client) => {
    const running = await startPoolDriver({
      client,
      config,
      logger,
      onEvent: (event) => {
        context.print({ fields: { ...event } });
      },
    });
    const { relays, driver } = running;
    const { counters } = driver;
    const mirror = new CounterMirror(
      `tensor-pool driver ${config.driver.instance_id}`,
      () => ({ ...counters, rejects: { ...counters.rejects }, relays: relays.counters() }),
      (label) => client.addCounter(POOL_COUNTER_TYPE, label),
    );
    await mirror.open();
    const timer = setInterval(() => {
      mirror.update();
    }, MIRROR_MS);
    context.print({ fields: { event: "ready" }, line: "ready" });
    const stop = (): void => {
      void running.stop();
    };
    context.signal.addEventListener("abort", stop, { once: true });
    if (context.signal.aborted) stop();
    await running.ended;
    clearInterval(timer);
    mirror.close();
    return ExitCode.ok;
  });
}

async function announces(context: ToolContext): Promise<readonly ShmPoolAnnounce[]> {
  const { values } = context;
  const streams = new Map<number, ShmPoolAnnounce>();
  const adapter = new ControlAdapter({
    handlers: {
      shmPoolAnnounce: (announce) => {
        const known = streams.get(announce.streamId);
        if (known === undefined || announce.epoch >= known.epoch) {
          streams.set(announce.streamId, announce);
        }
      },
    },
  });
  await withClient(context, async (client) => {
    const channel = values.text("channel") ?? DEFAULT_CHANNEL;
    const streamId = values.number("announce", StreamIds.announce);
    const poller = await openPoller(client, channel, streamId, (view, offset, length) => {
      adapter.receive(view, offset, length);
    });
    await turnUntil(context, values.number("for", 2_200), () => {
      poller.poll();
      return false;
    });
    poller.close();
  });
  return [...streams.values()].toSorted((a, b) => a.streamId - b.streamId);
}
