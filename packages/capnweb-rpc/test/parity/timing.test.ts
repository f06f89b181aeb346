import { describe, expect, test } from "@jest/globals";
import { turns } from "../support/memory-transport.js";
import { connect, libraries, type Library, type Stub } from "../support/implementations.js";

interface Sent {
  readonly turn: number;
  readonly text: string;
}

/** Runs `use` and notes in which turn of the microtask queue each side sent what. */
async function timed(
  library: Library,
  main: Stub,
  use: (main: Stub) => unknown,
): Promise<{ readonly client: Sent[]; readonly server: Sent[]; readonly settled: number }> {
  const setting = connect(library, main);
  let turn = 0;
  const log = (sent: Sent[], transport: { send(text: string): Promise<void> }) => {
    const send = transport.send.bind(transport);
    transport.send = (text) => {
      sent.push({ turn, text });
      return send(text);
    };
    return sent;
  };
  const [client, server] = [log([], setting.client), log([], setting.server)];
  let settled = NaN;
  void Promise.resolve(use(setting.main)).then(() => (settled = turn));
  for (; turn < 64; turn++) await Promise.resolve();
  return { client, server, settled };
}

const programs: Readonly<Record<string, (main: Stub, library: Library) => unknown>> = {
  "a call": (main) => main.square(5),
  "a failing call": (main) => main.fail().catch(() => undefined),
  "an asynchronous call": (main) => main.later(5),
  "a property": (main) => main.info.n,
  "pipelined calls": (main) => main.square(main.square(2)),
  "a callback": (main) => main.callBack((n: number) => n + 1),
  "an object, called and disposed": async (main) => {
    const self = await main.self();
    await self.square(2);
    self[Symbol.dispose]();
  },
  "a promise as argument": (main, { RpcPromise }) =>
    main.square(new RpcPromise(turns(3).then(() => 3))),
};

function apiOf({ RpcTarget }: Library): Stub {
  return class Api extends RpcTarget {
    square(n: number) {
      return n * n;
    }
    later(n: number) {
      return Promise.resolve(n);
    }
    fail() {
      throw new Error("no");
    }
    get info() {
      return { n: 1 };
    }
    self() {
      return new Api();
    }
    async callBack(callback: Stub) {
      return await callback(1);
    }
  };
}

describe.each(Object.keys(programs))("%s", (name) => {
  const run = (library: Library) => {
    const Api = apiOf(library);
    return timed(library, new Api(), (main) => programs[name]?.(main, library));
  };

  test("settles within sixteen turns, its releases included", async () => {
    const { client, server, settled } = await run(libraries.ours);
    expect(settled).toBeLessThanOrEqual(16);
    for (const { turn } of [...client, ...server]) expect(turn).toBeLessThanOrEqual(16);
  });

  test("sends the reference's messages, none of them later", async () => {
    const ours = await run(libraries.ours);
    const theirs = await run(libraries.reference);
    for (const side of ["client", "server"] as const) {
      expect(ours[side].map(({ text }) => text)).toEqual(theirs[side].map(({ text }) => text));
      for (const [at, { turn, text }] of ours[side].entries()) {
        expect({ text, late: Math.max(0, turn - (theirs[side][at]?.turn ?? 0)) }).toEqual({
          text,
          late: 0,
        });
      }
    }
    expect(ours.settled).toBeLessThanOrEqual(theirs.settled);
  });

  test("sends its first message before the call returns", async () => {
    const { client } = await run(libraries.ours);
    expect(client[0]?.turn).toBe(0);
  });
});
