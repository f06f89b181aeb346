import { dirname } from "node:path";
import { AtomicBuffer } from "@proj/aeron";
import { backend, type ShmFile } from "@proj/native-io";
import { parseShmUri, type ShmFileUri } from "@proj/wire-types";
import { readTensorShape } from "../../region/tensor-shape.js";
import { RegionType } from "../../messages/generated/wire.js";
import {
  isSlotCount,
  isStride,
  LAYOUT_VERSION,
  poolBytes,
  ringBytes,
  SUPERBLOCK_BYTES,
} from "../../region/layout.js";
import { SlotField, slotOffset } from "../../region/slot-header.js";
import { readSuperblock, type Superblock, writeSuperblock } from "../../region/superblock.js";
import { monotonicNs } from "../monotonic-clock.js";
import { epochFolder } from "../region-files.js";
import { join } from "node:path";
import { userInfo } from "node:os";
import {
  ExitCode,
  type ToolCommand,
  type ToolContext,
  type ToolValues,
  UsageError,
} from "./tool-command.js";

const ALLOW = {
  type: "string",
  short: "a",
  multiple: true,
  help: "a folder beneath which the file may lie (default /dev/shm)",
} as const;

/** What looks at regions, and makes them for tests. spec/tensor-pool.md §23 */
export const regionCommands: readonly ToolCommand[] = [
  {
    name: "validate-uri",
    summary: "Tell whether a region's URI is one",
    operands: "<shm-uri>",
    options: {},
    run({ values, print }) {
      const uri = fileUri(values);
      print({ fields: { valid: true, ...uri }, line: `valid: ${uri.path}` });
      return ExitCode.ok;
    },
  },
  {
    name: "read-superblock",
    summary: "Print the superblock of a region",
    operands: "<shm-uri>",
    options: { allow: ALLOW },
    run: (context) =>
      withRegion(context, SUPERBLOCK_BYTES, (file) => {
        context.print({ fields: { ...superblockOf(file) } });
        return ExitCode.ok;
      }),
  },
  {
    name: "read-header",
    summary: "Print one slot of a header ring",
    operands: "<shm-uri>",
    options: { allow: ALLOW, slot: { type: "string", short: "s", help: "the slot (default 0)" } },
    run: (context) =>
      withRegion(context, SUPERBLOCK_BYTES, (file) => {
        const superblock = requireRing(superblockOf(file));
        const slot = context.values.number("slot", 0);
        if (slot >= superblock.nslots) throw new UsageError(`there are ${superblock.nslots} slots`);
        context.print({ fields: { ...slotsOf(file, superblock).at(slot) } });
        return ExitCode.ok;
      }),
  },
  {
    name: "shm-validate",
    summary: "Check a region against its own superblock",
    operands: "<shm-uri>",
    options: { allow: ALLOW },
    run: (context) =>
      withRegion(context, SUPERBLOCK_BYTES, (file) => {
        const faults = regionFaults(file, superblockOf(file));
        context.print({ fields: { valid: faults.length === 0, faults } });
        return faults.length === 0 ? ExitCode.ok : ExitCode.failure;
      }),
  },
  {
    name: "shm-summary",
    summary: "Say in one line what a region is and how full it is",
    operands: "<shm-uri>",
    options: { allow: ALLOW },
    run: (context) =>
      withRegion(context, SUPERBLOCK_BYTES, (file) => {
        const superblock = superblockOf(file);
        const { streamId, epoch, nslots, strideBytes, activityTimestampNs } = superblock;
        const kind = superblock.regionType === RegionType.HEADER_RING ? "ring" : "pool";
        const ageMs = Number(monotonicNs() - activityTimestampNs) / 1e6;
        const committed =
          kind === "ring" ? slotsOf(file, superblock).filter((slot) => slot.committed).length : 0;
        const what = kind === "ring" ? `${committed} committed` : `strides of ${strideBytes}`;
        context.print({
          fields: { kind, streamId, epoch, nslots, strideBytes, committed, ageMs },
          line: `${kind} of stream ${streamId}, epoch ${epoch}: ${nslots} slots, ${what}, touched ${Math.round(ageMs)} ms ago`,
        });
        return ExitCode.ok;
      }),
  },
  {
    name: "shm-inspect",
    summary: "Print the superblock of a region and its slots",
    operands: "<shm-uri>",
    options: { allow: ALLOW },
    run: (context) =>
      withRegion(context, SUPERBLOCK_BYTES, (file) => {
        const superblock = superblockOf(file);
        context.print({ fields: { ...superblock } });
        if (superblock.regionType !== RegionType.HEADER_RING) return ExitCode.ok;
        for (const slot of slotsOf(file, superblock)) {
          if (slot.seqCommit > 0) context.print({ fields: { ...slot }, line: slotLine(slot) });
        }
        return ExitCode.ok;
      }),
  },
  {
    name: "shm-create",
    summary: "Make one region, signed and empty",
    options: {
      base: { type: "string", short: "b", help: "the base folder (default /dev/shm)" },
      namespace: { type: "string", short: "n", help: 'the namespace (default "default")' },
      region: { type: "string", short: "r", help: "header or pool (default header)" },
      stream: { type: "string", short: "s", help: "the stream" },
      epoch: { type: "string", short: "e", help: "the epoch" },
      pool: { type: "string", short: "p", help: "the pool id (default 1)" },
      nslots: { type: "string", short: "N", help: "slots, a power of two (default 1024)" },
      stride: { type: "string", short: "S", help: "bytes of a pool's slot, a multiple of 64" },
      layout: { type: "string", short: "l", help: "the layout version (default 1, the only one)" },
      path: {
        type: "string",
        short: "x",
        help: "a path instead of the canonical one, with --anywhere",
      },
      anywhere: { type: "boolean", short: "A", help: "allow a path outside the layout" },
    },
    run: createRegion,
  },
];

function createRegion({ values, print }: ToolContext): ExitCode {
  const kind = values.text("region") === "pool" ? "pool" : "ring";
  const nslots = values.number("nslots", 1_024);
  const poolId = kind === "pool" ? values.number("pool", 1) : 0;
  const strideBytes = kind === "pool" ? values.number("stride", 0) : 0;
  const streamId = values.number("stream", 0);
  const epoch = values.bigint("epoch");
  const layout = values.number("layout", LAYOUT_VERSION);
  if (layout !== LAYOUT_VERSION) throw new UsageError(`layout version ${layout}`);
  if (!isSlotCount(nslots)) throw new UsageError(`${nslots} slots, no power of two up to 2^23`);
  if (kind === "pool" && !isStride(strideBytes)) throw new UsageError(`strides of ${strideBytes}`);
  const baseDir = values.text("base") ?? "/dev/shm";
  const namespace = values.text("namespace") ?? "default";
  const chosen = values.text("path");
  if (chosen !== undefined && !values.flag("anywhere")) {
    throw new UsageError("--path needs --anywhere");
  }
  const place = { baseDir, user: userInfo().username, namespace, streamId, epoch };
  const name = kind === "pool" ? `${poolId}.pool` : "header.ring";
  const path = chosen ?? join(epochFolder(place), name);
  const folders = backend.shm.allow([chosen === undefined ? baseDir : dirname(chosen)]);
  const sizeBytes = kind === "pool" ? poolBytes(nslots, strideBytes) : ringBytes(nslots);
  const file = folders.create(path, { sizeBytes, reserve: false });
  const region = file.map({ length: SUPERBLOCK_BYTES });
  writeSuperblock(region.bytes, {
    kind,
    epoch,
    streamId,
    nslots,
    poolId,
    strideBytes,
    pid: process.pid,
    nowNs: monotonicNs(),
  });
  region.unmap();
  file.close();
  folders.close();
  print({
    fields: { path, sizeBytes, uri: `shm:file?path=${path}` },
    line: `shm:file?path=${path}`,
  });
  return ExitCode.ok;
}

function fileUri(values: ToolValues): ShmFileUri {
  const uri = parseShmUri(values.positional(0, "the region's URI"));
  if (uri.kind === "file") return uri;
  throw new UsageError("expected shm:file?path=…");
}

function withRegion(
  { values }: ToolContext,
  minBytes: number,
  use: (file: ShmFile) => ExitCode,
): ExitCode {
  const { path, requireHugepages } = fileUri(values);
  const allowed = values.texts("allow");
  const folders = backend.shm.allow(allowed.length === 0 ? ["/dev/shm"] : allowed);
  try {
    const file = folders.open(path, { access: "read", minBytes, requireHugepages });
    try {
      return use(file);
    } finally {
      file.close();
    }
  } finally {
    folders.close();
  }
}

function superblockOf(file: ShmFile): Superblock {
  const region = file.map({ length: SUPERBLOCK_BYTES });
  try {
    const superblock = readSuperblock(region.bytes);
    if (superblock === undefined) throw new Error("it has no superblock");
    return superblock;
  } finally {
    region.unmap();
  }
}

function requireRing(superblock: Superblock): Superblock {
  if (superblock.regionType === RegionType.HEADER_RING) return superblock;
  throw new UsageError("this region is a pool: only header rings have slots to read");
}

function regionFaults(file: ShmFile, superblock: Superblock): string[] {
  const { regionType, nslots, strideBytes, layoutVersion } = superblock;
  const faults: string[] = [];
  if (layoutVersion !== 1) faults.push(`layout version ${layoutVersion}`);
  if (!isSlotCount(nslots)) faults.push(`${nslots} slots, no power of two up to 2^23`);
  const pool = regionType === RegionType.PAYLOAD_POOL;
  if (!pool && regionType !== RegionType.HEADER_RING) faults.push(`region type ${regionType}`);
  if (pool && !isStride(strideBytes)) faults.push(`strides of ${strideBytes}`);
  const needed = pool ? poolBytes(nslots, strideBytes) : ringBytes(nslots);
  if (file.sizeBytes < needed) faults.push(`${file.sizeBytes} bytes, ${needed} are needed`);
  return faults;
}

interface SlotReport {
  readonly slot: number;
  readonly seqCommit: number;
  readonly seq: number;
  readonly committed: boolean;
  readonly valuesLenBytes: number;
  readonly poolId: number;
  readonly timestampNs: bigint;
  readonly metaVersion: number;
  readonly dtype: string | undefined;
  readonly dims: readonly number[] | undefined;
}

function slotsOf(file: ShmFile, { nslots }: Superblock): SlotReport[] {
  const region = file.map({ length: Math.min(ringBytes(nslots), file.sizeBytes) });
  try {
    const ring = new AtomicBuffer(region.bytes);
    const count = Math.min(nslots, Math.floor((region.size - SUPERBLOCK_BYTES) / 256));
    return Array.from({ length: count }, (_, slot) => {
      const at = slotOffset(slot);
      const seqCommit = ring.positionAcquire(at);
      const shape = readTensorShape(ring.view, at);
      return {
        slot,
        seqCommit,
        seq: Math.floor(seqCommit / 2),
        committed: seqCommit % 2 === 1,
        valuesLenBytes: ring.view.getUint32(at + SlotField.valuesLenBytes, true),
        poolId: ring.view.getUint16(at + SlotField.poolId, true),
        timestampNs: ring.view.getBigUint64(at + SlotField.timestampNs, true),
        metaVersion: ring.view.getUint32(at + SlotField.metaVersion, true),
        dtype: shape?.dtype,
        dims: shape?.dims,
      };
    });
  } finally {
    region.unmap();
  }
}

function slotLine(slot: SlotReport): string {
  const state = slot.committed ? "committed" : "writing";
  const shape =
    slot.dtype === undefined ? "no valid header" : `${slot.dtype} [${slot.dims?.join(", ")}]`;
  return `slot ${slot.slot}: seq ${slot.seq} ${state}, ${slot.valuesLenBytes} bytes in pool ${slot.poolId}, ${shape}`;
}
