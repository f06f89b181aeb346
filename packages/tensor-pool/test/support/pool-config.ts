import type { PoolConfig } from "@proj/tensor-pool";
import { parseConfig } from "@proj/tensor-pool/node";

/** A configuration of the tests: one stream of 8 slots, with times that are short. */
export function testConfig(baseDir: string, more = ""): PoolConfig {
  const result = parseConfig(`
[shm]
base_dir = "${baseDir}"
[policies]
announce_period_ms = 200
lease_keepalive_interval_ms = 200
shutdown_timeout_ms = 50
prefault_shm = false
allow_dynamic_streams = true
${more}
[driver]
stream_id_range = "20000-20009"
announce_stream_id = 1001
[profiles.small]
header_nslots = 64
payload_pools = [{ pool_id = 1, stride_bytes = 4096 }]
[streams.camera]
stream_id = 10000
profile = "small"
`);
  if (result.kind === "config") return result.config;
  throw new Error(JSON.stringify(result.problems));
}
