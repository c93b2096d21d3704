// The float32 peak of a device: chains of multiply-adds in registers, no memory. The best of a few forms, as compilers differ.

const STORAGE = 0x80;
const THREADS = 256;
/** Multiply-adds of each chain in one turn of the loop. */
const UNROLLED = 8;
/** Where the clock seems to stand still. */
const MOST_TURNS = 2 ** 20;

interface Form {
  readonly name: string;
  readonly chains: number;
  /** `a` is the running sum. */
  readonly step: (a: string) => string;
}

const forms: readonly Form[] = [
  { name: "fma, 4 × vec4", chains: 4, step: (a) => `fma(${a}, m, c)` },
  { name: "fma, 8 × vec4", chains: 8, step: (a) => `fma(${a}, m, c)` },
  { name: "a·m + c, 4 × vec4", chains: 4, step: (a) => `${a} * m + c` },
];

/** `m` and `c` come from memory, so that nothing can be computed beforehand, and the sums go back to it. */
function shaderOf({ chains, step }: Form): string {
  const each = <T>(make: (i: number) => T) => Array.from({ length: chains }, (_, i) => make(i));
  const turn = Array.from({ length: UNROLLED }, () => each((i) => `a${i} = ${step(`a${i}`)};`).join(" "));
  return `
@group(0) @binding(0) var<storage, read_write> data: array<vec4<f32>>;
override TURNS: u32;
@compute @workgroup_size(${THREADS})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let m = data[0];
  let c = data[1];
  ${each((i) => `var a${i} = data[2] + f32(id.x + ${i}u);`).join("\n  ")}
  for (var turn = 0u; turn < TURNS; turn++) {
    ${turn.join("\n    ")}
  }
  let sum = ${each((i) => `a${i}`).join(" + ")};
  // Never so, but who knows.
  if (sum.x == 1.2345 && id.x < 4u) { data[id.x] = sum; }
}`;
}

export interface Peak {
  /** The form that was fastest. */
  readonly name: string;
  readonly multiplyAdds: number;
  call(): Promise<undefined>;
}

/** Ready to be timed: one call takes some `wantedMs`. */
export async function preparePeak(device: GPUDevice, wantedMs: number): Promise<Peak> {
  const buffer = device.createBuffer({ size: 256, usage: STORAGE | 8 });
  device.queue.writeBuffer(buffer, 0, new Float32Array(64).fill(0.5));
  const found: { peak: Peak; speed: number }[] = [];
  for (const form of forms) {
    let [turns, groups] = [8, 16];
    for (;;) {
      const peak = await prepareForm(device, form, buffer, turns, groups);
      await peak.call();
      const start = performance.now();
      await peak.call();
      const ms = Math.max(0.01, performance.now() - start);
      const enough = ms > wantedMs / 2 || turns >= MOST_TURNS;
      if (enough) {
        found.push({ peak, speed: peak.multiplyAdds / ms });
        break;
      }
      // First enough threads to fill any GPU, then more turns.
      const more = Math.min(16, Math.max(2, wantedMs / ms));
      if (groups < 16384) groups = Math.min(16384, Math.ceil(groups * more));
      else turns = Math.ceil(turns * more);
    }
  }
  return found.reduce((a, b) => (b.speed > a.speed ? b : a)).peak;
}

async function prepareForm(
  device: GPUDevice,
  form: Form,
  buffer: GPUBuffer,
  turns: number,
  groups: number,
): Promise<Peak> {
  const module = device.createShaderModule({ code: shaderOf(form) });
  const compute = { module, entryPoint: "main", constants: { TURNS: turns } };
  const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute });
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer } }],
  });
  return {
    name: form.name,
    multiplyAdds: groups * THREADS * turns * UNROLLED * form.chains * 4,
    async call() {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(groups);
      pass.end();
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
      return undefined;
    },
  };
}
