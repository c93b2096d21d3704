// What a library dispatched, to be dispatched again and again without its host side: compute only, whatever its kernels are.

/** One call on a compute pass. */
type Call = (pass: GPUComputePassEncoder) => void;

const CALLS = ["setPipeline", "setBindGroup", "dispatchWorkgroups", "dispatchWorkgroupsIndirect"] as const;
const METHODS = ["createCommandEncoder", "beginComputePass", ...CALLS] as const;

// biome-ignore lint/suspicious/noExplicitAny: any method of any of the objects
type Method = (...args: any[]) => any;

/** Lets `seen` know of the calls of one method of one object. */
function watch(object: object, name: (typeof METHODS)[number], seen: (args: unknown[], result: unknown) => void): void {
  const methods = object as Record<string, Method>;
  const method = methods[name];
  methods[name] = (...args) => {
    const result = method.apply(object, args);
    seen(args, result);
    return result;
  };
}

export interface Recording {
  /** Passes of dispatches; what else was in the queue (copies, writes) is left out. */
  readonly dispatches: number;
  encode(pass: GPUComputePassEncoder): void;
}

/** Everything that was dispatched on `device` while `work` ran. Its buffers must outlive the recording. */
export async function record<T>(
  device: GPUDevice,
  work: () => Promise<T>,
): Promise<{ readonly recording: Recording; readonly made: T }> {
  const calls: Call[] = [];
  let dispatches = 0;
  watch(device, "createCommandEncoder", (_, encoder) => {
    watch(encoder as object, "beginComputePass", (_, pass) => {
      for (const name of CALLS) {
        watch(pass as object, name, (args) => {
          calls.push((again) => (again as unknown as Record<string, Method>)[name](...args));
          if (name.startsWith("dispatch")) dispatches++;
        });
      }
    });
  });
  let made: T;
  try {
    made = await work();
  } finally {
    // The own property goes; the method of the class is there again.
    Reflect.deleteProperty(device, "createCommandEncoder");
  }
  if (dispatches === 0) throw new Error("nothing was dispatched");
  const encode = (pass: GPUComputePassEncoder) => {
    for (const call of calls) call(pass);
  };
  return { recording: { dispatches, encode }, made };
}

/** Submits a recording so many times; resolves when the GPU has done it all. */
export async function replay(
  device: GPUDevice,
  recording: Recording,
  times: number,
  timestamps?: GPUComputePassTimestampWrites,
): Promise<void> {
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass(timestamps ? { timestampWrites: timestamps } : {});
  for (let i = 0; i < times; i++) recording.encode(pass);
  pass.end();
  device.queue.submit([encoder.finish()]);
  await device.queue.onSubmittedWorkDone();
}
