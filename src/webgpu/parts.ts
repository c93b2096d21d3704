/** Sums that were computed in parts, each by other workgroups: added up, then the activation. */
import type { Activation } from "../problem/problem.ts";
import type { Dispatch } from "./pipeline.ts";
import { ACTIVATIONS } from "./shader.ts";
import { buffers, main } from "./text.ts";

const THREADS = 64;

/** The parts, `elements` each, one after the other; then y. */
export const partsShader = (activation: Activation): string => /* wgsl */ `
struct Parts { elements: u32, count: u32 }
${buffers(["parts: array<f32>", "y: array<f32>"], 1, "by: Parts")}
${main(THREADS)}
  let i = block * ${THREADS}u + thread;
  if (i >= by.elements) { return; }
  var v = vec4f();
  for (var part = 0u; part < by.count; part++) { v.x += parts[part * by.elements + i]; }
  y[i] = (${ACTIVATIONS[activation]}).x;
}
`;

export function adding(elements: number, count: number): Pick<Dispatch, "words" | "workgroups"> {
  return { words: Int32Array.of(elements, count, 0, 0), workgroups: Math.ceil(elements / THREADS) };
}
