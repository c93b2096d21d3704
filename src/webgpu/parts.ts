/** Sums that were computed in parts, each by other workgroups: added up, then the activation. */
import type { Activation } from "../problem/problem.ts";
import type { Dispatch } from "./pipeline.ts";
import { ACTIVATIONS } from "./shader.ts";

const THREADS = 64;

/** The parts, `elements` each, one after the other; then y. */
export const partsShader = (activation: Activation): string => /* wgsl */ `
struct Parts { elements: u32, count: u32 }
@group(0) @binding(0) var<storage, read> parts: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> by: Parts;

@compute @workgroup_size(${THREADS})
fn main(
  @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) size: vec3u, @builtin(local_invocation_index) thread: u32
) {
  let i = (id.x + id.y * size.x) * ${THREADS}u + thread;
  if (i >= by.elements) { return; }
  var v = vec4f();
  for (var part = 0u; part < by.count; part++) { v.x += parts[part * by.elements + i]; }
  y[i] = (${ACTIVATIONS[activation]}).x;
}
`;

export function adding(elements: number, count: number): Pick<Dispatch, "words" | "workgroups"> {
  return { words: Int32Array.of(elements, count, 0, 0), workgroups: Math.ceil(elements / THREADS) };
}
