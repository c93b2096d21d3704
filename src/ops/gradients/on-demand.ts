/** Ops that a page loads only when one of them is first wanted. */
import type { Tensor } from "../../tensor.ts";
import type { RuntimeSource } from "../forward.ts";

interface Op {
  (...given: never[]): Promise<Tensor>;
  compile(spec: never): Promise<Disposable>;
}

/** The op that `load` brings, in front of its module. Once that is there, a call goes through at once. */
export function onDemand<O extends Op>(source: RuntimeSource, load: () => Promise<(source: RuntimeSource) => O>): O {
  let op: O | undefined;
  const loaded = async () => {
    op ??= (await load())(source);
    return op;
  };
  const call = (...given: never[]) => (op ? op(...given) : loaded().then((late) => late(...given)));
  const compile = (spec: never) => (op ? op.compile(spec) : loaded().then((late) => late.compile(spec)));
  return Object.assign(call, { compile }) as unknown as O;
}
