import { randomInt } from "node:crypto";
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
import { monotonicNs } from "../monotonic-clock.js";
import { CONTROL_OPTIONS, withControl } from "./driver-control.js";
import {
  ExitCode,
  type OptionSpec,
  type ToolCommand,
  type ToolContext,
  UsageError,
} from "./tool-command.js";

const CLIENT: Readonly<Record<string, OptionSpec>> = {
  stream: { type: "string", short: "s", help: "the tensor stream" },
  client: { type: "string", short: "i", help: "the client id (default: random)" },
  role: { type: "string", help: "producer or consumer (default consumer)" },
};
const LEASE: Readonly<Record<string, OptionSpec>> = {
  ...CONTROL_OPTIONS,
  ...CLIENT,
  lease: { type: "string", short: "l", help: "the lease" },
};

/** What asks a driver for leases, and looks at those that live. spec/tensor-pool.md §23 */
export const leaseCommands: readonly ToolCommand[] = [
  {
    name: "driver-attach",
    summary: "Ask for a lease, print it, and let it run out",
    options: { ...CONTROL_OPTIONS, ...CLIENT },
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
    name: "driver-list-leases",
    summary: "Print the leases whose clients say that they live",
    options: {
      ...CONTROL_OPTIONS,
      for: { type: "string", help: "listen for so many milliseconds (default 2200)" },
    },
    run: listLeases,
  },
];

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
