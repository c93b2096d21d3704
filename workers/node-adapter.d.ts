/** Comlink ships this file without types that `nodenext` would find. */
declare module "comlink/dist/esm/node-adapter.mjs" {
  export interface NodeEndpoint {
    postMessage(message: unknown, transfer?: readonly unknown[]): void;
    on(type: "message", listener: (data: unknown) => void): void;
    off(type: "message", listener: (data: unknown) => void): void;
  }
  export default function nodeEndpoint(port: NodeEndpoint): import("comlink").Endpoint;
}
