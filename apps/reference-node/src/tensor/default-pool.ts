import { parseConfig } from "@proj/tensor-pool/node";
import type { PoolConfig } from "@proj/tensor-pool";

// Streams of 32 frames up to 1 MiB take 34 MiB of shared memory each.
const TEXT = `
[driver]
announce_stream_id = 1001
stream_id_range = "20000-29999"
[policies]
allow_dynamic_streams = true
cleanup_shm_on_exit = true
[profiles.default]
header_nslots = 32
payload_pools = [
  { pool_id = 1, stride_bytes = 65536 },
  { pool_id = 2, stride_bytes = 1048576 },
]
[discovery]
driver_instance_id = "driver-01"
driver_control_channel = "aeron:ipc?term-length=4m"
driver_control_stream_id = 1000
`;

/** The pools of whoever names no file: any stream from 20000 to 29999, with frames up to 1 MiB. */
export function defaultPool(): PoolConfig {
  const result = parseConfig(TEXT);
  if (result.kind === "config") return result.config;
  throw new Error(result.problems.map(({ key, message }) => `${key}: ${message}`).join("; "));
}
