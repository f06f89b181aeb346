/** What is lost with each option, and whether it exists beyond Linux. */
export const TCP_COSTS = {
  "tcp.congestion_control": {
    cost: "connections use the algorithm that the machine is set to",
    everywhere: false,
  },
  "tcp.info": { cost: "no round-trip times and retransmissions of the kernel", everywhere: false },
  "tcp.duplicate": {
    cost: "what accepted connections receive is copied once more",
    everywhere: true,
  },
  "tcp.not_sent_low_water": {
    cost: "a full send buffer delays what is urgent",
    everywhere: true,
  },
  "tcp.buffers": { cost: "buffers have the sizes that the machine is set to", everywhere: true },
  "tcp.pacing_rate": { cost: "bursts leave at the speed of the network card", everywhere: false },
} as const;
