/** Ops that a page loads only when one of them is first wanted. */
import type { Tensor } from "../tensor.ts";
import type { RuntimeSource } from "./forward.ts";

interface Op {
  (...given: never[]): Promise<Tensor>;
  compile(spec: never): Promise<Disposable>;
}

/** What `make` picks of the module that `load` brings, in front of it. Once that is there, a call goes through at once. */
export function onDemand<M, O extends Op>(
  source: RuntimeSource,
  load: () => Promise<M>,
  make: (module: M) => (source: RuntimeSource) => O,
): O {
  let op: O | undefined;
  const loaded = async () => {
    op ??= make(await load())(source);
    return op;
  };
  const call = async (...given: never[]) => (op ?? (await loaded()))(...given);
  const compile = async (spec: never) => (op ?? (await loaded())).compile(spec);
  return Object.assign(call, { compile }) as unknown as O;
}
