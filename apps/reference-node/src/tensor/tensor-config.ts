import { z } from "zod";
import type { ConfigField } from "../config/fields.js";

/** Whether the node keeps tensor pools, and which. */
export interface TensorConfig {
  readonly enabled: boolean;
  /** The file of the pools; absent = streams from 20000 to 29999 with frames up to 1 MiB. */
  readonly pool_file?: string | undefined;
  /** Where the media driver is; absent = as the file says, or Aeron's default. */
  readonly aeron_dir?: string | undefined;
}

/** Checks the shape of `[tensor]` and fills in what it leaves out. */
export const tensorSchema: z.ZodType<TensorConfig> = z
  .strictObject({
    enabled: z.boolean().default(false),
    pool_file: z.string().min(1).optional(),
    aeron_dir: z.string().regex(/^\//).optional(),
  })
  .prefault({});

/** The fields of `[tensor]` by path. */
export const tensorFields: Readonly<Record<string, ConfigField>> = {
  tensor: {
    meaning: "Tensor pools: a driver and discovery for streams in shared memory.",
    allowed: "a table",
    example: "[tensor]",
  },
  "tensor.enabled": {
    meaning: "Runs them, and a media driver where none lives; needs the native backend.",
    allowed: "true or false",
    example: "enabled = true",
  },
  "tensor.pool_file": {
    meaning:
      "The streams and their sizes, in a file of its own. Without the field: streams from 20000 to 29999 with frames up to 1 MiB.",
    allowed: "path of a TOML file as docs/guide/tensor-driver.md describes it",
    example: 'pool_file = "tensor-pool.toml"',
  },
  "tensor.aeron_dir": {
    meaning:
      "Where the media driver is. Without the field: as the pool file says, or Aeron's own default.",
    allowed: "an absolute path",
    example: 'aeron_dir = "/dev/shm/aeron-lab"',
  },
};
