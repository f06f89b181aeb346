import type { Attachment } from "./attachment.js";
import { emptyMap, type ValueMap } from "./value.js";

/** The unit of exchange: a payload of one kind, with what describes it. spec/xcp.md §13 */
export interface Ether {
  /** What the payload is, 1..128 bytes: `text`, `embedding`, … */
  readonly kind: string;
  /** Major version of the kind's schema, 1..65535. */
  readonly schemaVersion: number;
  /** The content. */
  readonly payload: ValueMap;
  /** What describes the content: `trace_id`, `producer`, `created_at`, `lineage` and free keys. */
  readonly metadata: ValueMap;
  /** Content outside the kind's schema. */
  readonly extraFields: ValueMap;
  /** Raw data beside the payload, ids unique. */
  readonly attachments: readonly Attachment[];
}

/** What {@link createEther} needs: absent members get their defaults. */
export interface EtherInit {
  /** See {@link Ether.kind}. */
  readonly kind: string;
  /** See {@link Ether.schemaVersion}; default 1. */
  readonly schemaVersion?: number | undefined;
  /** See {@link Ether.payload}. */
  readonly payload: ValueMap;
  /** See {@link Ether.metadata}; default empty. */
  readonly metadata?: ValueMap | undefined;
  /** See {@link Ether.extraFields}; default empty. */
  readonly extraFields?: ValueMap | undefined;
  /** See {@link Ether.attachments}; default none. */
  readonly attachments?: readonly Attachment[] | undefined;
}

/** The map that stands for an absent `metadata` or `extra_fields`. */
export const NO_VALUES: ValueMap = Object.freeze(emptyMap());

/** Completes an init whose members are known to be good. Nothing is copied. */
export function completeEther(init: EtherInit): Ether {
  return {
    kind: init.kind,
    schemaVersion: init.schemaVersion ?? 1,
    payload: init.payload,
    metadata: init.metadata ?? NO_VALUES,
    extraFields: init.extraFields ?? NO_VALUES,
    attachments: init.attachments ?? [],
  };
}
