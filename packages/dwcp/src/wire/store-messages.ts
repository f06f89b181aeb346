import { parseBase64 } from "@proj/wire-types";
import { DwcpError } from "../errors.js";
import { type Field, hex, integer, list, object, text, u53 } from "./json-fields.js";
import { CONTENT_ID_BYTES } from "./transfer-messages.js";

/** The most ids of one message. spec/dwcp.md B2 */
export const MAX_IDS = 512;
/** The longest dictionary, in bytes. spec/dwcp.md A2 */
export const MAX_DICTIONARY_BYTES = 131_072;
/** Bytes of a dictionary in one DICT_DATA, so that its JSON stays a control payload. */
export const DICT_DATA_BYTES = 32_768;

/** BASELINE_QUERY and BASELINE_DROP. spec/dwcp.md B2, B12 */
export interface BaselineIdsMessage {
  /** Tells the messages apart. */
  readonly kind: "BASELINE_QUERY" | "BASELINE_DROP";
  /** Content ids, in hexadecimal. */
  readonly ids: readonly string[];
}

/** BASELINE_STATE: what of the asked is there. spec/dwcp.md B12 */
export interface BaselineStateMessage {
  /** Tells the messages apart. */
  readonly kind: "BASELINE_STATE";
  /** Those that are there. */
  readonly present: readonly string[];
  /** Those that are not there. */
  readonly missing: readonly string[];
}

/** DICT_OFFER. spec/dwcp.md B11 */
export interface DictOfferMessage {
  /** Tells the messages apart. */
  readonly kind: "DICT_OFFER";
  /** SHA-256 of the dictionary. */
  readonly id: string;
  /** What objects like it are called. */
  readonly resourceClass: string;
  /** In bytes. */
  readonly length: number;
}

/** DICT_STATE: the peer has them, or needs them. spec/dwcp.md B11 */
export interface DictStateMessage {
  /** Tells the messages apart. */
  readonly kind: "DICT_STATE";
  /** Ids that need not come. */
  readonly have: readonly string[];
  /** Ids that have to come. */
  readonly need: readonly string[];
}

/** DICT_DATA: a part of a dictionary. spec/dwcp.md B11 */
export interface DictDataMessage {
  /** Tells the messages apart. */
  readonly kind: "DICT_DATA";
  /** The content id, in hexadecimal. */
  readonly id: string;
  /** Of the first byte of this part. */
  readonly offset: number;
  /** Base64 of at most {@link DICT_DATA_BYTES}. */
  readonly data: string;
}

type Body<T> = Field<Omit<T, "kind">>;

const contentId = hex(CONTENT_ID_BYTES);
const ids = list(contentId, MAX_IDS);

const base64: Field<string> = (value, path) => {
  const read = text(Math.ceil(DICT_DATA_BYTES / 3) * 4)(value, path);
  try {
    parseBase64(read);
  } catch (cause) {
    throw new DwcpError("dwcp.protocol", `${path}: expected base64`, { cause });
  }
  return read;
};

/** Reads BASELINE_QUERY and BASELINE_DROP. */
export const readBaselineIds: Body<BaselineIdsMessage> = object({ ids });
/** Reads BASELINE_STATE. */
export const readBaselineState: Body<BaselineStateMessage> = object({ present: ids, missing: ids });
/** Reads DICT_OFFER. */
export const readDictOffer: Body<DictOfferMessage> = object({
  id: contentId,
  resourceClass: text(64),
  length: integer(1, MAX_DICTIONARY_BYTES),
});
/** Reads DICT_STATE. */
export const readDictState: Body<DictStateMessage> = object({ have: ids, need: ids });
/** Reads DICT_DATA. */
export const readDictData: Body<DictDataMessage> = object({
  id: contentId,
  offset: u53,
  data: base64,
});
