import type { ConfigProblem } from "./config-problems.js";
import type { DcquicConfig } from "./dcquic-config.js";

// What a value has to be: returns what is wrong with it, or with its parts, at which path.
type Shape = (value: unknown, path: string) => readonly ConfigProblem[];

const wrong = (path: string, problem: string): readonly ConfigProblem[] => [{ path, problem }];

function said(value: unknown): string {
  return typeof value === "string" ? `"${value}"` : String(value);
}

/** A finite number from `least` on. */
function amount(least = 0): Shape {
  return (value, path) => {
    const isRight = typeof value === "number" && Number.isFinite(value) && value >= 0;
    if (!isRight) return wrong(path, `${said(value)} is not a number from 0 on`);
    return value >= least ? [] : wrong(path, `${value} is less than ${least}`);
  };
}

/** A whole number from `least` on: what is counted, and bytes of memory. */
function whole(least = 0): Shape {
  const isAmount = amount(least);
  return (value, path) => {
    const problems = isAmount(value, path);
    if (problems.length > 0 || Number.isSafeInteger(value)) return problems;
    return wrong(path, `${said(value)} is not a whole number`);
  };
}

function oneOf(...choices: readonly string[]): Shape {
  return (value, path) => {
    if (choices.some((choice) => choice === value)) return [];
    return wrong(path, `${said(value)} is none of ${choices.join(", ")}`);
  };
}

function listOf(part: Shape): Shape {
  return (value, path) => {
    if (!Array.isArray(value)) return wrong(path, `${said(value)} is not a list`);
    return value.flatMap((each: unknown, index) => part(each, `${path}[${index}]`));
  };
}

/** An object with these keys and no others. */
function record(shapes: Readonly<Record<string, Shape>>): Shape {
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return wrong(path, `${said(value)} is not an object`);
    }
    const parts: Readonly<Record<string, unknown>> = { ...value };
    const at = (key: string): string => (path === "" ? key : `${path}.${key}`);
    const keys = new Set([...Object.keys(shapes), ...Object.keys(parts)]);
    return [...keys].flatMap((key) => {
      const shape = Object.hasOwn(shapes, key) ? shapes[key] : undefined;
      return shape === undefined
        ? wrong(at(key), "there is no such key")
        : shape(parts[key], at(key));
    });
  };
}

const address: Shape = (value, path) =>
  value === undefined || typeof value === "string" ? [] : wrong(path, `${said(value)} is no text`);
const feature = oneOf("auto", "off");

// Least values: below them nothing would ever be sent, kept or waited for.
const SHAPES: Readonly<Record<keyof DcquicConfig, Shape>> = {
  workers: whole(),
  nics: listOf(record({ bytesPerSecond: amount(), flowBytesPerSecond: amount(), address })),
  cores: record({
    count: whole(),
    ids: listOf(whole()),
    poll: oneOf("auto", "spin", "hybrid", "blocking"),
  }),
  queueDepth: whole(1),
  mtuBytes: whole(),
  gso: feature,
  gro: feature,
  ecn: feature,
  socketBufferBytes: whole(1),
  starvationReserve: amount(),
  inlineMaxBytes: whole(),
  inlineStartBytes: whole(),
  inlinePoolBytes: whole(),
  notifyWindow: whole(),
  maxTransfersPerPeer: whole(1),
  packetWindow: whole(),
  replayNotifyWindow: whole(),
  challengeEntries: whole(1),
  challengeBytes: whole(1),
  pullQuantumBytes: whole(),
  windowFactor: amount(),
  overcommit: whole(1),
  rxUtilisation: amount(),
  recordBytes: whole(),
  dataAuth: oneOf("packet", "headers"),
  dataKeyCache: whole(1),
  rotation: record({ packets: whole(1), bytes: whole(1) }),
  pathCapacity: whole(1),
  rehandshakeUs: amount(1),
  maxHandshakes: whole(1),
  initialRttUs: amount(1),
  maxPtoUs: amount(1),
  timerGranularityUs: amount(1),
  timerTickUs: amount(),
  peerTimeoutUs: amount(1),
  probeIdleUs: amount(),
  streamQueueMessages: whole(1),
  streamQueueBytes: whole(1),
  bufferPoolBytes: whole(),
  causalityInitialSlots: whole(1),
  causalityMaxSlots: whole(1),
  closeGraceUs: amount(),
  eventsRing: whole(1),
  onWorkerHang: oneOf("abort", "event"),
  icmpPolicy: oneOf("verify", "immediate"),
};

const shapeOfAll = record(SHAPES);

/** Lists what in a configuration is of the wrong kind, by its key: it may come from a file, where no compiler looked at it. */
export function shapeProblems(config: DcquicConfig): readonly ConfigProblem[] {
  return shapeOfAll(config, "");
}
