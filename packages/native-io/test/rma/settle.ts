import type { RmaCompletion, RmaEndpoint, RmaPosted } from "@proj/native-io";

/** Posts a transfer, polling while there is back pressure, and resolves with its end. Polls `others` too. */
export async function settle(
  endpoint: RmaEndpoint,
  post: () => RmaPosted,
  others: readonly RmaEndpoint[] = [],
): Promise<RmaCompletion> {
  const deadlineMs = performance.now() + 20_000;
  const seen = new Map<number, RmaCompletion>();
  let posted = post();
  for (;;) {
    for (const other of others) other.poll();
    for (const completion of endpoint.poll()) seen.set(completion.id, completion);
    if (posted.kind === "backPressured") posted = post();
    else {
      const end = seen.get(posted.id);
      if (end !== undefined) return end;
    }
    if (performance.now() > deadlineMs) throw new Error(`no end of a transfer: ${posted.kind}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
