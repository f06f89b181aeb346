import { describe } from "@jest/globals";
import { portable } from "@proj/native-io";
import { describeWith } from "@proj/peers";
import { native } from "../native-peer.js";
import { udpCases } from "./udp-cases.js";

describe("portable UDP", () => udpCases(portable.udp));

describeWith("native UDP", native, ({ udp }) => udpCases(udp));
