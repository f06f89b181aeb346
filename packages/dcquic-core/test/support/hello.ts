import type { Hello } from "@proj/dcquic-core";

/** A HELLO that says the usual things; `epoch` tells one start of a process from another. */
export function helloOf(epoch: number, more: Partial<Hello> = {}): Hello {
  return {
    versions: [2],
    aeads: ["aes-256-gcm", "aes-128-gcm"],
    dataAuth: [0],
    recordLog2: [16],
    epoch: new Uint8Array(16).fill(epoch),
    endpoints: [{ worker: 0, host: "127.0.0.1", ports: [4000, 4001], nic: 0, bandwidth: 1.25e9 }],
    maxDatagramBytes: 1400,
    notifyLimit: 1024,
    inlineLimit: 4096,
    asked: [],
    answers: [],
    application: new Uint8Array(0),
    rma: [],
    ...more,
  };
}
