/** The gradient ops of each family, as the page has them before any is loaded: a row says where an op is. */
import type { RuntimeSource } from "../forward.ts";
import type { Conv2dGradWrtInputs, Conv2dTranspose } from "./inputs-conv2d.ts";
import { onDemand } from "./on-demand.ts";

export type NnetGradients = ReturnType<typeof nnetGradients>;
export function nnetGradients(source: RuntimeSource) {
  return {
    conv2dGradWrtInputs: onDemand<Conv2dGradWrtInputs>(
      source,
      async () => (await import("./inputs-conv2d.ts")).makeConv2dGradWrtInputs,
    ),
    conv2dTranspose: onDemand<Conv2dTranspose>(
      source,
      async () => (await import("./inputs-conv2d.ts")).makeConv2dTranspose,
    ),
  };
}
