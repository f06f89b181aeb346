import { formatShmUri, parseShmUri } from "@proj/wire-types";

/** A frame of a tensor pool, as an attachment names it. */
export interface SlotName {
  readonly streamId: number;
  readonly epoch: bigint;
  readonly seq: number;
  /** Bytes of its payload. */
  readonly bytes: number;
}

const NAMESPACE = "tensor-pool";
const NAME = /^(\d{1,10})\.(\d{1,20})\.(\d{1,16})$/;

/** Formats the URI of a frame: `shm://tensor-pool/<stream>.<epoch>.<seq>#0,<bytes>`. */
export function formatSlotUri({ streamId, epoch, seq, bytes }: SlotName): string {
  const name = `${streamId}.${epoch}.${seq}`;
  return formatShmUri({
    kind: "object",
    namespace: NAMESPACE,
    name,
    range: { offset: 0, size: bytes },
  });
}

/** Parses the URI of a frame; `undefined` for every other one. */
export function parseSlotUri(uri: string): SlotName | undefined {
  if (!uri.startsWith(`shm://${NAMESPACE}/`)) return undefined;
  try {
    const parsed = parseShmUri(uri);
    if (parsed.kind !== "object" || parsed.range?.offset !== 0) return undefined;
    const match = NAME.exec(parsed.name);
    if (match === null) return undefined;
    const [, stream = "", epoch = "", seq = ""] = match;
    const name = { streamId: Number(stream), epoch: BigInt(epoch), seq: Number(seq) };
    if (!Number.isSafeInteger(name.seq) || name.streamId >= 2 ** 32) return undefined;
    return { ...name, bytes: parsed.range.size };
  } catch {
    return undefined;
  }
}
