import { ResetCode } from "../wire/constants.js";

/** Status codes of streams and transfers. spec/dcquic.md §15 */
export const Status = {
  Ok: 0,
  Cancelled: 1,
  Rejected: 2,
  Overloaded: 3,
  NoAcceptor: 4,
  DependencyFailed: 5,
  PeerTimeout: 6,
  PeerFailed: 7,
  PeerProbing: 8,
  PeerStateLost: 9,
  IntegrityFailed: 10,
  AppTerminated: 11,
  GoingAway: 12,
  Deadline: 13,
  Limit: 14,
  Protocol: 15,
  PlacementFailed: 16,
  LocalResource: 17,
} as const;

/** The status with which a transfer fails that was reset. */
export function statusOfReset(code: number): number {
  switch (code) {
    case ResetCode.Unknown:
      return Status.PeerStateLost;
    case ResetCode.Cancelled:
      return Status.Cancelled;
    case ResetCode.Integrity:
      return Status.IntegrityFailed;
    default:
      return Status.Protocol;
  }
}
