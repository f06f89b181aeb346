import { z } from "zod";
import type { ConfigField } from "../config/fields.js";

/** Whether the node speaks dcQUIC, and how. */
export interface DcquicConfig {
  readonly enabled: boolean;
  readonly host: string;
  readonly port: number;
  /** The file of the key that both sides of a path know. */
  readonly key_file?: string | undefined;
  /** Where files go that others transfer; absent = none are taken. */
  readonly receive_folder?: string | undefined;
  /** Where spans of its streams go; absent = nothing is traced. */
  readonly trace_file?: string | undefined;
  /** What is safe when a range of a file is reported complete. */
  readonly durability: "none" | "data" | "full";
  /** Where the settings of §20 begin; absent = one worker on the thread of the node, whatever fits this machine best. */
  readonly preset?: "devLaptop" | "cloudUdp25G" | "efa8Nic" | undefined;
  /** Engines; 0 = as the preset or the cores say. */
  readonly workers: number;
  /** The NICs that carry packets, one worker or more for each; absent = all of it goes through `host`. */
  readonly nics?: "auto" | readonly string[] | undefined;
  /** Cores that the workers have for themselves; absent = as the preset says. */
  readonly cores?: number | undefined;
  /** How workers on cores of their own wait. */
  readonly poll: "auto" | "spin" | "hybrid" | "blocking";
  /** What becomes of the node when a worker stands still for five seconds. */
  readonly on_worker_hang: "abort" | "event";
}

/** Checks the shape of `[dcquic]` and fills in what it leaves out. */
export const dcquicSchema: z.ZodType<DcquicConfig> = z
  .strictObject({
    enabled: z.boolean().default(false),
    host: z.string().min(1).default("127.0.0.1"),
    port: z.int().min(0).max(65_535).default(9950),
    key_file: z.string().min(1).optional(),
    receive_folder: z.string().min(1).optional(),
    trace_file: z.string().min(1).optional(),
    durability: z.enum(["none", "data", "full"]).default("data"),
    preset: z.enum(["devLaptop", "cloudUdp25G", "efa8Nic"]).optional(),
    workers: z.int().min(0).max(254).default(0),
    nics: z.union([z.literal("auto"), z.array(z.string().min(1)).min(1).max(254)]).optional(),
    cores: z.int().min(0).max(254).optional(),
    poll: z.enum(["auto", "spin", "hybrid", "blocking"]).default("auto"),
    on_worker_hang: z.enum(["abort", "event"]).default("event"),
  })
  .prefault({});

/** The fields of `[dcquic]` by path. */
export const dcquicFields: Readonly<Record<string, ConfigField>> = {
  dcquic: {
    meaning: "dcQUIC: XCP, the control API and files inside a data centre.",
    allowed: "a table",
    example: "[dcquic]",
  },
  "dcquic.enabled": {
    meaning: "Listens for it; needs key_file.",
    allowed: "true or false",
    example: "enabled = true",
  },
  "dcquic.host": {
    meaning: "IP address, for UDP and for handshakes over TCP.",
    allowed: "an IP address of this host",
    example: 'host = "127.0.0.1"',
  },
  "dcquic.port": {
    meaning: "Port, of UDP and TCP alike; 0 lets the system choose.",
    allowed: "0 to 65535",
    example: "port = 9950",
  },
  "dcquic.key_file": {
    meaning: "The pre-shared key of the handshakes, which every peer must know.",
    allowed:
      "path of a file with 32 bytes (raw, 64 hex digits or base64) that only its owner can read",
    example: 'key_file = "dcquic.key"',
  },
  "dcquic.receive_folder": {
    meaning: "Where files go that others transfer. Without the field they are refused.",
    allowed: "path of a folder; it is made if it does not exist",
    example: 'receive_folder = "/var/lib/reference-node/files"',
  },
  "dcquic.trace_file": {
    meaning:
      "Where spans of its streams, of their messages and of the phases of these go, as lines of OTLP/JSON; at 64 MiB it becomes <file>.1. Without the field nothing is traced.",
    allowed: "path of a file",
    example: 'trace_file = "/var/log/reference-node/dcquic-traces.jsonl"',
  },
  "dcquic.durability": {
    meaning: "What is safe on disk when a range of a file is reported complete.",
    allowed: '"none", "data" (the bytes) or "full" (what the file system says of them, too)',
    example: 'durability = "data"',
  },
  "dcquic.preset": {
    meaning:
      "Surroundings whose settings are the beginning. Without any, one worker runs on the node's thread.",
    allowed: '"devLaptop", "cloudUdp25G" or "efa8Nic"',
    example: 'preset = "cloudUdp25G"',
  },
  "dcquic.workers": {
    meaning:
      "Protocol engines, each with a UDP port: the first has dcquic.port, the others those after it.",
    allowed: "0 (as preset and cores say) to 254",
    example: "workers = 2",
  },
  "dcquic.nics": {
    meaning:
      "The NICs that carry packets, each with a worker, so that one that goes is replaced by another. Without it all go through dcquic.host.",
    allowed: '"auto" (every card that is up and has an address) or addresses of this host',
    example: 'nics = ["10.0.0.1", "10.1.0.1"]',
  },
  "dcquic.cores": {
    meaning:
      "Cores that workers get for themselves, each with a thread pinned to it. Needs the addon.",
    allowed: "0 (none) to 254",
    example: "cores = 2",
  },
  "dcquic.poll": {
    meaning: "How workers with a core wait for packets.",
    allowed: '"auto", "spin" (all of the core), "hybrid" (50 µs, then sleep) or "blocking"',
    example: 'poll = "hybrid"',
  },
  "dcquic.on_worker_hang": {
    meaning:
      "What happens when a worker stands still for five seconds: the process ends, or its peers go to others.",
    allowed: '"abort" or "event"',
    example: 'on_worker_hang = "event"',
  },
};
