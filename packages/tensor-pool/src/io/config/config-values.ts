import { z } from "zod";
import { type IdRange, idRange, parseIdRange } from "../../config/id-range.js";

/** Longest channel that is taken from anywhere, in bytes. spec/tensor-pool.md §15 */
export const MAX_CHANNEL = 1024;

/** An Aeron URI. */
export const channel: z.ZodString = z
  .string()
  .max(MAX_CHANNEL)
  .regex(/^aeron:(?:ipc|udp)(?:\?|$)/, "write an Aeron URI: aeron:ipc or aeron:udp");

/** The id of a stream. */
export const streamId: z.ZodInt = z.int().min(1).max(0x7fff_ffff);

/** Yes or no. */
export const flag: z.ZodBoolean = z.boolean();

/** A time that is not nothing and at most a day. */
export const milliseconds: z.ZodInt = z.int().min(1).max(86_400_000);

/** Stream ids as `"first-last"` or `[first, last]`; empty for none. */
export const range: z.ZodType<IdRange | undefined> = z
  .union([z.string(), z.tuple([z.int(), z.int()])])
  .transform((value, context) => {
    if (value === "") return undefined;
    const parsed = typeof value === "string" ? parseIdRange(value) : idRange(value[0], value[1]);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: 'write "first-last" or [first, last], in order' });
    return z.NEVER;
  });

/** A path from the root. */
export const absolute: z.ZodString = z.string().regex(/^\//, "write an absolute path");

/** What a program calls itself. */
export const instanceId: z.ZodString = z.string().min(1).max(256);
