// The one thing of the runtime's module that is used here.
declare module "cloudflare:workers" {
  export abstract class RpcTarget {
    protected readonly runtimeTarget: never;
  }
}
