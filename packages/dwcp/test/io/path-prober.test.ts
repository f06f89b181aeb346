import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { Socket } from "node:net";
import { DwcpError } from "#src/errors.js";
import type { DialListener } from "#src/io/net/dial-peer.js";
import { PathProber } from "#src/io/net/path-prober.js";

interface Attempt {
  readonly socket: Socket;
  readonly listener: DialListener;
}

describe("PathProber", () => {
  let attempts: Attempt[];
  let found: Socket[];
  let errors: DwcpError[];
  let prober: PathProber;

  beforeEach(() => {
    jest.useFakeTimers();
    attempts = [];
    found = [];
    errors = [];
    const dial = (listener: DialListener): Socket => {
      const socket = new Socket();
      attempts.push({ socket, listener });
      return socket;
    };
    prober = new PathProber(dial, {
      found: (socket) => void found.push(socket),
      failed: (error) => void errors.push(error),
    });
  });

  afterEach(() => {
    prober.stop();
    jest.useRealTimers();
  });

  const waiting = () => attempts.filter(({ socket }) => !socket.destroyed).length;

  test("begins another connection every quarter of a second, and keeps the four youngest", () => {
    prober.start();
    prober.start();
    expect(attempts).toHaveLength(1);
    jest.advanceTimersByTime(2_000);
    expect(attempts).toHaveLength(9);
    expect(waiting()).toBe(4);
    expect(attempts.at(-1)?.socket.destroyed).toBe(false);
  });

  test("hands on the first that stands, gives the others up, and tries on a second later", () => {
    prober.start();
    jest.advanceTimersByTime(500);
    const second = attempts[1];
    second?.listener.connected(second.socket);
    expect(found).toEqual([second?.socket]);
    expect(attempts.map(({ socket }) => socket.destroyed)).toEqual([true, false, true]);
    jest.advanceTimersByTime(999);
    expect(attempts).toHaveLength(3);
    jest.advanceTimersByTime(1);
    expect(attempts).toHaveLength(4);
  });

  test("stops when the peer refuses, and begins anew when it is told to", () => {
    prober.start();
    jest.advanceTimersByTime(250);
    const [first] = attempts;
    first?.listener.failed(first.socket, new DwcpError("dwcp.timeout", "refused"));
    expect(errors).toHaveLength(1);
    expect(attempts[1]?.socket.destroyed).toBe(true);
    jest.advanceTimersByTime(5_000);
    expect(attempts).toHaveLength(2);
    prober.start();
    expect(attempts).toHaveLength(3);
  });

  test("leaves nothing behind when it is stopped", () => {
    prober.start();
    jest.advanceTimersByTime(600);
    prober.stop();
    expect(waiting()).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });
});
