/** Pieces of WGSL that the shaders share. */

export const each = (n: number, line: (i: number) => string, between = "\n"): string =>
  Array.from({ length: n }, (_, i) => line(i)).join(between);

/** Storage buffers in the order of their bindings, as "y: array<f32>", and the uniform buffer after them; `written` is one of them. */
export function buffers(storage: readonly string[], written: number, uniform: string): string {
  const access = (i: number) => (i === written ? "read_write" : "read");
  const lines = storage.map((one, i) => `@group(0) @binding(${i}) var<storage, ${access(i)}> ${one};`);
  return [...lines, `@group(0) @binding(${storage.length}) var<uniform> ${uniform};`].join("\n");
}

/** The head of main: `block` counts the workgroups, which pipeline.ts spreads over two axes. */
export const main = (threads: number, more = ""): string => `@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) size: vec3u,
  @builtin(local_invocation_index) thread: u32${more}) {
  let block = id.x + size.x * id.y;`;
