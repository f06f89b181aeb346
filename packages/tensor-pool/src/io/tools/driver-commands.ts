import { randomInt } from "node:crypto";
import type { Client } from "@proj/aeron";
import { ControlAdapter } from "../../control/control-adapter.js";
import type { ControlHandlers } from "../../control/control-messages.js";
import { CounterMirror } from "../../counters/counter-mirror.js";
import {
  encodeShmAttachRequest,
  encodeShmDetachRequest,
  encodeShmLeaseKeepalive,
  HugepagesPolicy,
  ResponseCode,
  Role,
  type ShmAttachResponse,
  type ShmDetachResponse,
  type ShmLeaseKeepalive,
} from "../../messages/generated/driver.js";
import type { ShmPoolAnnounce } from "../../messages/generated/wire.js";
import { DEFAULT_CHANNEL, StreamIds } from "../../stream-ids.js";
import { offerMessage, openPoller } from "../message-poller.js";
import { monotonicNs } from "../monotonic-clock.js";
import { startPoolDriver } from "../pool-driver.js";
import { readConfig } from "./config-commands.js";
import {
  ExitCode,
  type OptionSpec,
  type ToolCommand,
  type ToolContext,
  UsageError,
} from "./tool-command.js";
import { AERON_OPTIONS, turnUntil, withClient } from "./tool-connection.js";

/** The type of the counters in which tools show a driver's counts. */
const POOL_COUNTER_TYPE = 2_101;
const MIRROR_MS = 1_000;
const ANSWER_MS = 2_000;

const CONTROL: Readonly<Record<string, OptionSpec>> = {
  ...AERON_OPTIONS,
  channel: { type: "string", short: "c", help: "the control channel" },
  control: { type: "string", short: "C", help: "the control stream (default 1000)" },
};
const CLIENT: Readonly<Record<string, OptionSpec>> = {
  stream: { type: "string", short: "s", help: "the tensor stream" },
  client: { type: "string", short: "i", help: "the client id (default: random)" },
  role: { type: "string", help: "producer or consumer (default consumer)" },
};
const LEASE: Readonly<Record<string, OptionSpec>> = {
  ...CONTROL,
  ...CLIENT,
  lease: { type: "string", short: "l", help: "the lease" },
};
const LISTEN: Readonly<Record<string, OptionSpec>> = {
  ...CONTROL,
  announce: { type: "string", short: "A", help: "the announce stream (default 1001)" },
  for: { type: "string", help: "listen for so many milliseconds (default 2200)" },
};

/** What runs a driver, and what talks to one. spec/tensor-pool.md §23 */
export const driverCommands: readonly ToolCommand[] = [
  {
    name: "driver",
    summary: "Run a driver until it is stopped",
    operands: "[config.toml]",
    options: { config: { type: "string", short: "c", help: "the configuration, in TOML" } },
    run: runDriver,
  },
  {
    name: "driver-attach",
    summary: "Ask for a lease, print it, and let it run out",
    options: { ...CONTROL, ...CLIENT },
    run: attach,
  },
  {
    name: "driver-keepalive",
    summary: "Say once that a lease's client lives",
    options: LEASE,
    run: (context) =>
      withControl(context, {}, (send) => {
        const clientTimestampNs = monotonicNs();
        send(encodeShmLeaseKeepalive({ ...leaseOf(context), clientTimestampNs }));
        return Promise.resolve(ExitCode.ok);
      }),
  },
  {
    name: "driver-detach",
    summary: "Give a lease back",
    options: LEASE,
    run: detach,
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
    name: "driver-list-leases",
    summary: "Print the leases whose clients say that they live",
    options: LISTEN,
    run: listLeases,
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
  const directory = config.driver.aeron_dir;
  const values = { ...context.values, text: () => (directory === "" ? undefined : directory) };
  return await withClient({ values }, async (client) => {
    const running = await startPoolDriver({
      client,
      config,
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

async function attach(context: ToolContext): Promise<ExitCode> {
  const correlationId = BigInt(randomInt(1, 2 ** 47));
  const answers: ShmAttachResponse[] = [];
  const shmAttachResponse = (response: ShmAttachResponse): void => {
    if (response.correlationId === correlationId) answers.push(response);
  };
  return await withControl(context, { shmAttachResponse }, async (send, wait) => {
    send(
      encodeShmAttachRequest({
        correlationId,
        streamId: context.values.number("stream", 0),
        clientId: clientOf(context),
        role: roleOf(context),
        expectedLayoutVersion: 0,
        requireHugepages: HugepagesPolicy.UNSPECIFIED,
      }),
    );
    await wait(() => answers.length > 0);
    const [answer] = answers;
    if (answer === undefined) throw new Error("the driver did not answer");
    context.print({ fields: { ...answer } });
    return answer.code === ResponseCode.OK ? ExitCode.ok : ExitCode.failure;
  });
}

async function detach(context: ToolContext): Promise<ExitCode> {
  const correlationId = BigInt(randomInt(1, 2 ** 47));
  const answers: ShmDetachResponse[] = [];
  const shmDetachResponse = (response: ShmDetachResponse): void => {
    if (response.correlationId === correlationId) answers.push(response);
  };
  return await withControl(context, { shmDetachResponse }, async (send, wait) => {
    send(encodeShmDetachRequest({ correlationId, ...leaseOf(context) }));
    await wait(() => answers.length > 0);
    const [answer] = answers;
    if (answer === undefined) throw new Error("the driver did not answer");
    context.print({ fields: { ...answer } });
    return answer.code === ResponseCode.OK ? ExitCode.ok : ExitCode.failure;
  });
}

// No message lists leases: what is alive says so each second.
async function listLeases(context: ToolContext): Promise<ExitCode> {
  const leases = new Map<bigint, ShmLeaseKeepalive>();
  const shmLeaseKeepalive = (keepalive: ShmLeaseKeepalive): void => {
    leases.set(keepalive.leaseId, keepalive);
  };
  return await withControl(context, { shmLeaseKeepalive }, async (_, wait) => {
    await wait(() => false, context.values.number("for", 2_200));
    for (const { leaseId, streamId, clientId, role } of leases.values()) {
      const name = role === Role.PRODUCER ? "producer" : "consumer";
      context.print({ fields: { leaseId, streamId, clientId, role: name } });
    }
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

type Wait = (done: () => boolean, durationMs?: number) => Promise<void>;

async function withControl(
  context: ToolContext,
  handlers: ControlHandlers,
  use: (send: (bytes: Uint8Array) => void, wait: Wait) => Promise<ExitCode>,
): Promise<ExitCode> {
  return await withClient(context, async (client: Client) => {
    const { values } = context;
    const channel = values.text("channel") ?? DEFAULT_CHANNEL;
    const streamId = values.number("control", StreamIds.control);
    const adapter = new ControlAdapter({ handlers });
    const poller = await openPoller(client, channel, streamId, (view, offset, length) => {
      adapter.receive(view, offset, length);
    });
    const publication = await client.addPublication(channel, streamId);
    const send = (bytes: Uint8Array): void => {
      if (offerMessage(publication, bytes) !== "sent") throw new Error("nobody takes the message");
    };
    const wait: Wait = (done, durationMs = ANSWER_MS) =>
      turnUntil(context, durationMs, () => {
        poller.poll();
        return done();
      });
    try {
      return await use(send, wait);
    } finally {
      publication.close();
      poller.close();
    }
  });
}

function leaseOf(context: ToolContext): {
  leaseId: bigint;
  streamId: number;
  clientId: number;
  role: Role;
} {
  const { values } = context;
  if (values.text("client") === undefined) throw new UsageError("--client is missing");
  return {
    leaseId: values.bigint("lease"),
    streamId: values.number("stream", 0),
    clientId: values.number("client", 0),
    role: roleOf(context),
  };
}

function clientOf({ values }: ToolContext): number {
  const given = values.number("client", 0);
  return given === 0 ? randomInt(1, 2 ** 31) : given;
}

function roleOf({ values }: ToolContext): Role {
  const text = values.text("role") ?? "consumer";
  if (text === "producer") return Role.PRODUCER;
  if (text === "consumer") return Role.CONSUMER;
  throw new UsageError(`--role is "${text}", expected producer or consumer`);
}
