/** Int32s in a row of every meta array. */
export const UDP_ROW = 8;

/** The columns of a received message. spec/dcquic.md §16.1 */
export const UdpRx = {
  /** First byte in the slab. */
  offset: 0,
  /** Bytes, of one datagram or of several of one source in a row. */
  length: 1,
  /** Bytes of each datagram in it; the last may be shorter. Equal to `length` where there is one. */
  segment: 2,
  /** The two ECN bits of RFC 3168; 0 where they cannot be read. */
  ecn: 3,
  /** Number of the source's address, or -1. */
  source: 4,
  /** Number of the port it arrived at. */
  port: 5,
  /** {@link UDP_RX_TRUNCATED} or 0. */
  flags: 6,
} as const;

/** Set in the flags of a datagram that was longer than its slot; its end is lost. */
export const UDP_RX_TRUNCATED = 1;

/** The columns of a message to send. */
export const UdpTx = {
  /** First byte in the slab. */
  offset: 0,
  /** Bytes, of one datagram or of several to one destination in a row. */
  length: 1,
  /**
   * Bytes of each datagram in it; the last may be shorter. 0 for one datagram.
   *
   * Up to 64 datagrams and 65507 bytes go to the kernel as one; what is more leaves in pieces, one datagram each.
   */
  segment: 2,
  /** Number of the destination's address. */
  destination: 3,
  /** The two ECN bits to send with. */
  ecn: 4,
  /** Number of the port it leaves from. */
  port: 5,
  /** Written by `transmit`: 0 for a message that left, or the negative errno that it met. */
  result: 6,
} as const;

/** The columns of an error that the network reported. */
export const UdpErrorRow = {
  /** Positive errno, such as that of ECONNREFUSED. */
  errno: 0,
  /** Where it came from: {@link UdpErrorOrigin}. */
  origin: 1,
  /** ICMP type. */
  type: 2,
  /** ICMP code. */
  code: 3,
  /** With EMSGSIZE the largest IP packet that passes, in bytes. */
  info: 4,
  /** Number of the address that the datagram was sent to, or -1. */
  destination: 5,
  /** Number of the port it left from. */
  port: 6,
  /** Bytes of the datagram that are quoted in the slab, at row × {@link UDP_QUOTED_BYTES}. */
  quoted: 7,
} as const;

/** Who reported an error. */
export const UdpErrorOrigin = {
  /** This machine. */
  local: 1,
  /** A router or the peer, by ICMP. */
  icmp: 2,
  /** A router or the peer, by ICMPv6. */
  icmp6: 3,
} as const;

/** How much of a refused datagram an error quotes. */
export const UDP_QUOTED_BYTES = 128;
