import { CodecId, equalBytes, matchesKind, type SchemaKey } from "@proj/wire-types";
import { checkEnvelope } from "../assemble-ether.js";
import type { CodecContext, EncodedBody, EtherCodec } from "../codec.js";
import { decoding, EtherError } from "../errors.js";
import type { Ether } from "../ether.js";
import { type EtherLimits, resolveEtherLimits } from "../limits.js";
import { claimedKey } from "../schema/claim.js";
import { type ArrowLayout, type BatchMetadata, readBatchMetadata } from "./batch-metadata.js";
import { checkColumns } from "./check-columns.js";
import { malformed } from "./flat-reader.js";
import { readArrow } from "./read-batches.js";
import { ReadContext } from "./read-context.js";
import { readRowLayout } from "./read-row-layout.js";
import { readTableLayout } from "./read-table-layout.js";
import { StreamWriter } from "./stream-writer.js";
import { draftRowLayout, type LayoutDraft } from "./write-row-layout.js";
import { draftTableLayout, planTable, type TablePlan } from "./write-table-layout.js";

/** How an {@link ArrowCodec} writes. */
export interface ArrowCodecOptions {
  /**
   * `row`: one Ether per row. `table`: exactly one Ether whose vectors are the columns. `auto`, the default: `table`
   * for one Ether with a tensor or several columns of one length and nothing binary beside them, else `row`.
   */
  readonly layout?: ArrowLayout | "auto";
}

/**
 * ARROW_IPC: a complete Arrow stream of one batch of Ethers. spec/xcp.md §14.7
 *
 * Keeps what it learnt about sets of columns for the next batch; one instance serves any number of connections.
 */
export class ArrowCodec implements EtherCodec {
  /** 0x0020. */
  readonly id: number = CodecId.ARROW_IPC;
  /** The registered name. */
  readonly name: string = "ARROW_IPC";
  /** IANA media type of an Arrow stream. */
  readonly mediaType: string = "application/vnd.apache.arrow.stream";
  /** One body holds a row per Ether. */
  readonly batches: boolean = true;
  readonly #layout: ArrowLayout | "auto";
  readonly #writer = new StreamWriter();

  /** Reads both layouts whatever the options say. */
  constructor(options: ArrowCodecOptions = {}) {
    this.#layout = options.layout ?? "auto";
  }

  /**
   * Encodes Ethers of one kind and version into one stream of one record batch.
   *
   * @throws EtherError `ether.ether_invalid` for none or mixed kinds, or a value that neither Arrow nor JSON can carry;
   * `ether.too_large`, `ether.attachment_invalid`.
   */
  encode(ethers: readonly Ether[], context: CodecContext): EncodedBody {
    const limits = context.limits ?? resolveEtherLimits();
    const batch = oneKind(ethers, limits);
    const [ether] = batch;
    const draft = this.#draft(batch, limits, context.schemaKey);
    const { columns, rows, metadata } = draft;
    const body = this.#writer.write(columns, rows, metadata, limits.maxBodyBytes);
    return { bodyCodec: this.id, body, tags: [], ...claimedKey(ether, context) };
  }

  /**
   * Decodes a stream; vectors and bytes are views of `body` when it is 8-aligned.
   *
   * @throws EtherError `ether.body_malformed`, `ether.too_large`, `ether.kind_mismatch` when the stream's own schema key
   * is not the header's or not its kind's, `ether.validation` when its columns cannot fit the registered schema.
   */
  decode(body: Uint8Array, context: CodecContext): readonly Ether[] {
    const limits = context.limits ?? resolveEtherLimits();
    return decoding("ether.body_malformed", () => {
      const table = readArrow(body, limits);
      const names = new Set(table.schema.fields.map(({ name }) => name));
      if (names.size !== table.schema.fields.length) throw malformed("two columns of one name");
      const batch = readBatchMetadata(table.schema.metadata, limits);
      checkSchemaKey(batch, context.schemaKey);
      checkColumns(table.schema, batch, context);
      const read = new ReadContext(limits);
      return batch.layout === "row"
        ? readRowLayout(table, batch, read)
        : [readTableLayout(table, batch, read)];
    });
  }

  #draft(
    batch: readonly [Ether, ...Ether[]],
    limits: EtherLimits,
    schemaKey: SchemaKey | undefined,
  ): LayoutDraft {
    const plan = this.#plan(batch);
    return plan === undefined
      ? draftRowLayout(batch, limits, schemaKey)
      : draftTableLayout(batch[0], plan, limits, schemaKey);
  }

  #plan(batch: readonly [Ether, ...Ether[]]): TablePlan | undefined {
    if (this.#layout === "row") return undefined;
    const [ether] = batch;
    const plan = batch.length === 1 ? planTable(ether) : undefined;
    if (this.#layout === "table" && plan === undefined) {
      throw invalid("the table layout takes one Ether whose vectors have one length");
    }
    if (this.#layout === "table" || plan === undefined) return plan;
    return isNaturalTable(ether, plan) ? plan : undefined;
  }
}

/** The codec for ARROW_IPC bodies with default options. */
export const arrowCodec: EtherCodec = new ArrowCodec();

// A lone vector is a row's value, and what would have to become base64 text is better off in a column of its own.
function isNaturalTable(ether: Ether, plan: TablePlan): boolean {
  const columns = [...plan.columns.values()];
  const ranks = columns.map((column) => ("shape" in column ? column.shape.length : 0));
  if (!ranks.some((rank) => rank > 1) && (columns.length < 2 || !ranks.includes(1))) return false;
  const binary = Object.values(plan.scalars).some(
    (value) => value instanceof Uint8Array || typeof value === "bigint",
  );
  return !binary && ether.attachments.every(({ inlineBytes }) => inlineBytes === undefined);
}

function oneKind(ethers: readonly Ether[], limits: EtherLimits): readonly [Ether, ...Ether[]] {
  const [first, ...others] = ethers;
  if (first === undefined) throw invalid("an ARROW_IPC body holds at least one Ether");
  if (ethers.length > limits.maxEthers) {
    throw new EtherError("ether.too_large", `${ethers.length} Ethers, limit ${limits.maxEthers}`);
  }
  checkEnvelope(first, limits);
  for (const ether of others) {
    if (ether.attachments.length > 0) checkEnvelope(ether, limits);
    if (ether.kind !== first.kind || ether.schemaVersion !== first.schemaVersion) {
      throw invalid(`kinds ${first.kind} and ${ether.kind} do not share an ARROW_IPC body`);
    }
  }
  return [first, ...others];
}

function checkSchemaKey(batch: BatchMetadata, claimed: SchemaKey | undefined): void {
  const own = batch.schemaKey;
  if (own === undefined) return;
  if (!matchesKind(own.kindId, batch.kind) || own.major !== batch.schemaVersion) {
    throw new EtherError("ether.kind_mismatch", "the stream's schema key is not its kind's");
  }
  if (claimed === undefined || claimed.kindId === 0) return;
  const same =
    (own.nsHash === claimed.nsHash || own.nsHash === 0 || claimed.nsHash === 0) &&
    own.major === claimed.major &&
    own.minor === claimed.minor &&
    sameHash(own.hash128, claimed.hash128);
  if (!same) {
    throw new EtherError("ether.kind_mismatch", "the stream's schema key is not the header's");
  }
}

function sameHash(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return isUnknown(a) || isUnknown(b) || equalBytes(a ?? none, b ?? none);
}

const none = new Uint8Array(0);

function isUnknown(hash: Uint8Array | undefined): boolean {
  return hash === undefined || hash.every((byte) => byte === 0);
}

function invalid(what: string): EtherError {
  return new EtherError("ether.ether_invalid", what);
}
