/** What this browser offers the library, in one line, and the reason for each "no". */
import type { Capabilities } from "simdconv";
import { byId, element } from "./dom.ts";

export function showCapabilities({
  simd,
  relaxedSimd,
  sharedMemory,
  workers,
  webgpu,
  crossOriginIsolated,
  using,
  why,
}: Capabilities): void {
  const isolated = crossOriginIsolated ? "isolated" : "not isolated";
  const how = sharedMemory ? "over shared memory" : "with copies to and fro";
  const crew = workers === 0 ? "no workers" : `${workers} ${workers === 1 ? "worker" : "workers"} ${how}`;
  byId("capabilities-line").textContent = `This page: ${isolated}, best binary ${using.binary}, ${crew}`;
  const yes = (has: boolean) => (has ? "yes" : "no");
  const facts: [string, string, string | undefined][] = [
    ["Cross-origin isolated", yes(crossOriginIsolated), why.crossOriginIsolated],
    ["Shared memory", yes(sharedMemory), why.sharedMemory],
    [
      "Workers",
      `${using.workers} of ${workers} running`,
      why.workers ?? (using.workers < workers ? "they start when first needed" : undefined),
    ],
    ["SIMD", yes(simd), why.simd],
    ["Relaxed SIMD", yes(relaxedSimd), why.relaxedSimd],
    ["WebGPU", yes(webgpu), why.webgpu],
    ["Best binary", using.binary, why.binary],
  ];
  byId("capabilities-list").replaceChildren(
    ...facts.flatMap(([name, value, reason]) => [
      element("dt", "", name),
      element("dd", "", reason === undefined ? value : `${value}: ${reason}`),
    ]),
  );
}
