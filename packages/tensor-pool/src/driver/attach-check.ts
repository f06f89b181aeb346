import {
  HugepagesPolicy,
  isPublishMode,
  PublishMode,
  ResponseCode,
  Role,
} from "../messages/generated/driver.js";
import type { AttachRequest } from "../control/attach-request.js";
import { LAYOUT_VERSION } from "../region/layout.js";
import type { DriverSettings, StreamProfile } from "./driver-settings.js";
import type { LeaseTable } from "./lease-table.js";
import type { NodeIds } from "./node-ids.js";

/** Why an attach was refused. */
export interface AttachRefusal {
  /** One of `ResponseCode`. */
  readonly code: ResponseCode;
  /** For people; at most 1024 bytes. */
  readonly message: string;
}

/** What an attach may have: a stream that is there, or one that is to be made. */
export interface AttachTarget {
  /** The stream. */
  readonly streamId: number;
  /** What it looks like. */
  readonly profile: StreamProfile;
  /** What the client is on it. */
  readonly role: Role;
}

/** What a refusal depends on. */
export interface AttachView {
  /** The driver's settings. */
  readonly settings: DriverSettings;
  /** The active leases. */
  readonly leases: LeaseTable;
  /** The node ids. */
  readonly nodeIds: NodeIds;
  /** The streams that are there. */
  readonly streams: ReadonlyMap<number, { readonly profile: StreamProfile }>;
  /** Now, in monotonic nanoseconds. */
  readonly nowNs: bigint;
}

/** What clients whose id was taken recognise. spec/tensor-pool.md §14.1 */
export const ALREADY_ATTACHED = "client_id already attached";

const ANY = 0xffff_ffff;

/** Checks a request in the order of spec/tensor-pool.md §14.1, from the second check on; the first that fails answers. */
export function checkAttach(
  request: AttachRequest,
  view: AttachView,
): AttachTarget | AttachRefusal {
  const { clientId, role } = request;
  if (role !== Role.PRODUCER && role !== Role.CONSUMER) {
    return invalid(`role ${role} is neither producer nor consumer`);
  }
  if (request.publishMode !== undefined && !isPublishMode(request.publishMode)) {
    return refusal(ResponseCode.UNSUPPORTED, `publish mode ${request.publishMode} is not known`);
  }
  if (!(request.requireHugepages <= HugepagesPolicy.HUGEPAGES)) {
    return invalid(`huge-page policy ${request.requireHugepages} is not known`);
  }
  if (clientId === 0) return invalid("client id 0 is nobody's");
  if (view.leases.ofClient(clientId) !== undefined) return rejected(ALREADY_ATTACHED);
  const found = findStream(request, view);
  if ("code" in found) return found;
  const { streamId, profile } = found;
  if (profile.pools.length === 0) return invalid(`stream ${streamId} has a profile without pools`);
  return laterRefusal(request, streamId, view) ?? { streamId, profile, role };
}

function laterRefusal(
  request: AttachRequest,
  streamId: number,
  view: AttachView,
): AttachRefusal | undefined {
  const { expectedLayoutVersion: version, desiredNodeId, role } = request;
  if (version !== 0 && version !== ANY && version !== LAYOUT_VERSION) {
    return rejected(`layout version ${version}, here it is ${LAYOUT_VERSION}`);
  }
  const wanted = request.requireHugepages;
  const { hugepages } = view.settings;
  if (wanted === HugepagesPolicy.HUGEPAGES && !hugepages) {
    return rejected("regions do not lie on huge pages here");
  }
  if (wanted === HugepagesPolicy.STANDARD && hugepages) {
    return rejected("regions lie on huge pages here");
  }
  if (role === Role.PRODUCER && view.leases.producerOf(streamId) !== undefined) {
    return rejected(`stream ${streamId} has a producer`);
  }
  if (desiredNodeId !== undefined && !view.nodeIds.isFree(desiredNodeId, view.nowNs)) {
    return rejected(`node id ${desiredNodeId} cannot be had`);
  }
  return undefined;
}

type Found = Pick<AttachTarget, "streamId" | "profile"> | AttachRefusal;

function findStream(request: AttachRequest, view: AttachView): Found {
  const { streamId, role, publishMode } = request;
  const known = view.streams.get(streamId);
  if (known !== undefined) return { streamId, profile: known.profile };
  const { settings } = view;
  const fallback = role === Role.PRODUCER ? settings.producerDefault : settings.consumerDefault;
  const mayCreate =
    publishMode === undefined
      ? fallback === "existingOrCreate"
      : publishMode === PublishMode.EXISTING_OR_CREATE;
  if (!mayCreate) return rejected(`stream ${streamId} does not exist`);
  const { dynamicRange: range, dynamicProfile: profile } = settings;
  if (range === undefined || profile === undefined) {
    return invalid(`stream ${streamId} does not exist, and clients cannot have one made`);
  }
  if (streamId !== 0 && streamId !== ANY) {
    if (streamId >= range.first && streamId <= range.last) return { streamId, profile };
    return rejected(`stream ${streamId} lies outside of ${range.first} to ${range.last}`);
  }
  for (let id = range.first; id <= range.last; id++) {
    if (!view.streams.has(id)) return { streamId: id, profile };
  }
  return rejected(`all ids from ${range.first} to ${range.last} are taken`);
}

function invalid(message: string): AttachRefusal {
  return refusal(ResponseCode.INVALID_PARAMS, message);
}

function rejected(message: string): AttachRefusal {
  return refusal(ResponseCode.REJECTED, message);
}

function refusal(code: ResponseCode, message: string): AttachRefusal {
  return { code, message };
}
