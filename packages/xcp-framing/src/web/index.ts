export { createWebPlatform } from "./web-platform.js";

export { connectXcpWeb, type ConnectXcpWebOptions } from "./connect-xcp.js";
export { connectWebSocket, type ConnectWebSocketOptions } from "./websocket.js";
export { webSocketPipe, type WebSocketPipeOptions } from "./websocket-pipe.js";
