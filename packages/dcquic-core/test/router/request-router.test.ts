import { expect, test } from "@jest/globals";
import { chooseEndpoint, RequestRouter } from "@proj/dcquic-core";

function routerOf(count: number, queued: number[] = []): RequestRouter {
  return new RequestRouter(
    Array.from({ length: count }, (_, worker) => ({
      worker,
      nic: worker >> 1,
      nicBytesPerSecond: 1e9,
      queuedBytes: () => queued[worker] ?? 0,
    })),
  );
}

test("§3 row 2, request router: a peer keeps its worker, and peers are spread evenly", () => {
  const router = routerOf(8);
  const counts = Array.from({ length: 8 }, () => 0);
  for (let i = 0; i < 4000; i++) {
    const home = router.assign(`10.0.${i >> 8}.${i & 255}:4433`) ?? -1;
    counts[home] = (counts[home] ?? 0) + 1;
    expect(router.assign(`10.0.${i >> 8}.${i & 255}:4433`)).toBe(home);
  }
  // Two choices keep the fullest within a few percent of the mean.
  expect(Math.max(...counts)).toBeLessThan(1.1 * 500);
  expect(Math.min(...counts)).toBeGreaterThan(0.9 * 500);
});

test("§18: a loaded worker gets no new peers while the other choice has less to do", () => {
  const queued = [1e9, 0];
  const router = routerOf(2, queued);
  const homes = Array.from({ length: 200 }, (_, i) => router.assign(`peer ${i}`));
  const onLoaded = homes.filter((home) => home === 0).length;
  // Only those whose two hashes name the loaded one twice.
  expect(onLoaded).toBeLessThan(80);
  queued[0] = 0;
  expect(homes.every((home, i) => router.assign(`peer ${i}`) === home)).toBe(true);
});

test("§18: dependencies attract a new peer to their worker, a cascading one before others", () => {
  const router = routerOf(8);
  const plain = { worker: 3, cascades: false };
  expect(router.assign("a", [plain, { worker: 5, cascades: true }])).toBe(5);
  expect(router.assign("b", [plain])).toBe(3);
  expect(router.assign("b", [{ worker: 6, cascades: true }])).toBe(3);
  expect(router.stats.attracted).toBe(2);
});

test("§3 row 9, multi-NIC: a lost NIC gives the peers of all its workers to the others, and only those", () => {
  const router = routerOf(4);
  const before = new Map(
    Array.from({ length: 400 }, (_, i) => [`peer ${i}`, router.assign(`peer ${i}`)]),
  );
  const moved = router.workersLost([0, 1]);
  expect(new Set(moved.map(({ from }) => from))).toEqual(new Set([0, 1]));
  expect(moved.every(({ to }) => to >= 2)).toBe(true);
  for (const [peer, home] of before) {
    if (home !== undefined && home >= 2) expect(router.homeOf(peer)).toBe(home);
  }
  expect(moved).toHaveLength([...before.values()].filter((home) => (home ?? 9) < 2).length);
  router.workerRecovered(0);
  expect(router.stats).toMatchObject({ peers: 400, reassigned: moved.length, workersUp: 3 });
});

test("§18: a peer that its home does not reach gets another one, on its own", () => {
  const router = routerOf(4);
  const from = router.assign("a") ?? -1;
  const other = router.assign("b");
  const moved = router.reassign("a");
  expect(moved).toMatchObject({ peer: "a", from });
  expect(moved?.to).not.toBe(from);
  expect([router.homeOf("a"), router.homeOf("b")]).toEqual([moved?.to, other]);
  expect(router.stats).toMatchObject({ peers: 2, reassigned: 1, workersUp: 4 });
  expect(router.reassign("nobody")).toBeUndefined();
  const alone = routerOf(1);
  expect(alone.assign("a")).toBe(0);
  expect([alone.reassign("a"), alone.homeOf("a")]).toEqual([undefined, 0]);
});

test("§18: a peer that reached another NIC gets a home there, and stays; where none of its workers is up, elsewhere", () => {
  const router = routerOf(4);
  const homes = Array.from({ length: 50 }, (_, i) => router.assign(`peer ${i}`, [], 1) ?? -1);
  expect(new Set(homes)).toEqual(new Set([2, 3]));
  expect(homes.map((_, i) => router.assign(`peer ${i}`))).toEqual(homes);
  const before = router.assign("late", [{ worker: 0, cascades: true }]);
  expect(before).toBe(0);
  expect(router.reassign("late", 1)?.to).toBeGreaterThanOrEqual(2);
  router.workersLost([2, 3]);
  expect(router.assign("later", [], 1)).toBeLessThan(2);
  expect(router.reassign("later", 1)).toBeUndefined();
});

test("§18: without workers there is no home", () => {
  const router = routerOf(1);
  router.assign("a");
  expect(router.workersLost([0])).toEqual([]);
  expect(router.assign("a")).toBeUndefined();
  expect(() => routerOf(0)).toThrow(RangeError);
});

test("§18: the peer's worker is chosen from its list, the wider of two", () => {
  const endpoint = (worker: number, bandwidth: number) => ({
    worker,
    bandwidth,
    nic: 0,
    host: "10.0.0.1",
    ports: [4000 + worker],
  });
  const list = [endpoint(0, 1e9), endpoint(1, 1e9), endpoint(2, 5e9)];
  const chosen = Array.from({ length: 90 }, (_, i) => chooseEndpoint(list, `me ${i}`)?.worker);
  expect(chosen.filter((worker) => worker === 2).length).toBeGreaterThan(40);
  expect(chooseEndpoint(list, "me")).toBe(chooseEndpoint(list, "me"));
  expect(chooseEndpoint([], "me")).toBeUndefined();
});
