import { CREDENTIAL_ID_BYTES, MAGIC, PacketType, TAG_BYTES } from "./constants.js";

const WORD = 2 ** 32;

/**
 * A secret-control packet: unencrypted, tiny, authenticated by its last 16 bytes.
 *
 * @see spec/dcquic.md §7.4, §17.6
 */
export type SecretControl =
  | {
      readonly kind: "unknownPathSecret";
      readonly credentialId: Uint8Array;
      /** Known to who did the handshake with the sender. */
      readonly token: Uint8Array;
    }
  | (Authenticated & {
      readonly kind: "staleKey";
      /** The lowest key id the sender still accepts. */
      readonly minKeyId: number;
    })
  | (Authenticated & {
      readonly kind: "replayDetected";
      readonly keyId: number;
      readonly packetNumber: number;
    })
  | (Authenticated & {
      readonly kind: "retireControlKey";
      /** This key and those before it are used no more. */
      readonly keyId: number;
    })
  | (Authenticated & {
      readonly kind: "retireDataKey";
      /** First 16 bytes of SHA-256 of the data key. */
      readonly keyHash: Uint8Array;
    });

/** What every secret-control packet with a MAC carries. */
interface Authenticated {
  readonly credentialId: Uint8Array;
  /** Direction of its sender. */
  readonly direction: number;
  /** The worker it speaks of. */
  readonly worker: number;
}

/** A decoded packet: what it says, what its tag covers, and the tag. Views of the datagram. */
export interface SealedSecretControl {
  /** What it says, if the tag is right. */
  readonly packet: SecretControl;
  /** The bytes before the tag. */
  readonly covered: Uint8Array;
  /** The tag; the token of UNKNOWN_PATH_SECRET. */
  readonly tag: Uint8Array;
}

/** Writes everything before the tag; UNKNOWN_PATH_SECRET is returned whole. */
export function encodeSecretControl(packet: SecretControl): Uint8Array {
  switch (packet.kind) {
    case "unknownPathSecret": {
      const { bytes } = start(PacketType.UnknownPathSecret, 36);
      bytes.set(packet.credentialId, 4);
      bytes.set(packet.token, 20);
      return bytes;
    }
    case "staleKey":
      return keyed(PacketType.StaleKey, packet, packet.minKeyId, 24).bytes;
    case "replayDetected": {
      const { bytes, view } = keyed(PacketType.ReplayDetected, packet, packet.keyId, 32);
      view.setUint32(24, packet.packetNumber % WORD, true);
      view.setUint32(28, Math.floor(packet.packetNumber / WORD), true);
      return bytes;
    }
    case "retireControlKey":
      return keyed(PacketType.RetireControlKey, packet, packet.keyId, 24).bytes;
    case "retireDataKey": {
      const { bytes } = keyed(PacketType.RetireDataKey, packet, 0, 40);
      bytes.set(packet.keyHash, 24);
      return bytes;
    }
  }
}

/** Reads a secret-control packet, or returns `undefined` for anything else: drop it, never answer. */
export function decodeSecretControl(datagram: Uint8Array): SealedSecretControl | undefined {
  const type = datagram[1] ?? 0;
  const length = lengthOf(type);
  if (datagram[0] !== MAGIC || length === undefined || datagram.length < length) return undefined;
  const bytes = datagram.subarray(0, length);
  const covered = bytes.subarray(0, length - TAG_BYTES);
  const tag = bytes.subarray(length - TAG_BYTES);
  const packet = read(type, bytes);
  return packet === undefined ? undefined : { packet, covered, tag };
}

function read(type: number, bytes: Uint8Array): SecretControl | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type === PacketType.UnknownPathSecret) {
    if (view.getUint16(2) !== 0) return undefined;
    const credentialId = bytes.subarray(4, 20);
    return { kind: "unknownPathSecret", credentialId, token: bytes.subarray(20) };
  }
  const direction = view.getUint8(2);
  const keyId = view.getUint32(4, true);
  if (direction > 1) return undefined;
  const head = {
    direction,
    worker: view.getUint8(3),
    credentialId: bytes.subarray(8, 8 + CREDENTIAL_ID_BYTES),
  };
  switch (type) {
    case PacketType.StaleKey:
      return { kind: "staleKey", ...head, minKeyId: keyId };
    case PacketType.RetireControlKey:
      return { kind: "retireControlKey", ...head, keyId };
    case PacketType.RetireDataKey:
      if (keyId !== 0) return undefined;
      return { kind: "retireDataKey", ...head, keyHash: bytes.subarray(24, 40) };
    default: {
      const high = view.getUint32(28, true);
      if (high >= 2 ** 21) return undefined;
      const packetNumber = view.getUint32(24, true) + WORD * high;
      return { kind: "replayDetected", ...head, keyId, packetNumber };
    }
  }
}

function lengthOf(type: number): number | undefined {
  switch (type) {
    case PacketType.UnknownPathSecret:
      return 36;
    case PacketType.StaleKey:
    case PacketType.RetireControlKey:
      return 40;
    case PacketType.ReplayDetected:
      return 48;
    case PacketType.RetireDataKey:
      return 56;
    default:
      return undefined;
  }
}

function start(type: number, length: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(length);
  bytes[0] = MAGIC;
  bytes[1] = type;
  return { bytes, view: new DataView(bytes.buffer) };
}

function keyed(
  type: number,
  packet: Authenticated,
  word: number,
  length: number,
): { bytes: Uint8Array; view: DataView } {
  const made = start(type, length);
  made.bytes[2] = packet.direction;
  made.bytes[3] = packet.worker;
  made.view.setUint32(4, word, true);
  made.bytes.set(packet.credentialId, 8);
  return made;
}
