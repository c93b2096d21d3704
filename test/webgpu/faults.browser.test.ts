// Devices that refuse something: where the GPU was demanded a DeviceError, elsewhere wasm's answer and the reason; never zeros.
import { createEngine } from "simdconv";
import { describe, expect, inject, it } from "vitest";
import { firstDifference } from "../support/compare.ts";
import { failureOf, mustFail } from "../support/errors.ts";
import { gather } from "../support/place.ts";
import { type Engine, expected, numbers, operandsOf, type Spec } from "../support/spec.ts";
import { credulous, type Faults, type OwnDevice, ownDevice } from "./device.ts";

const movie: Spec = { op: "conv3d2d.conv3d", input: [3, 5, 3, 9, 11], filters: [5, 2, 3, 3, 3], seed: 5 };
const problem = numbers(movie);
const { y } = expected(problem);

interface Fault {
  readonly name: string;
  readonly faults?: Faults;
  /** For faults that need the device. */
  readonly arm?: (own: OwnDevice) => void;
  /** What `capabilities()` gives as the reason. */
  readonly why: RegExp;
}

/** A method of the device that throws, as a broken driver's may. */
const throwing = (name: "createBindGroup" | "createBuffer" | "createShaderModule") => (own: OwnDevice) => {
  const { gpuDevice } = own;
  Object.assign(own, {
    gpuDevice: new Proxy(gpuDevice, {
      get(target, key) {
        if (key !== name) return Reflect.get(target, key);
        return () => {
          throw new TypeError(`${name} (injected)`);
        };
      },
    }),
  });
};

const greedy = (code: string) =>
  `${code.replace(/fn main\([^{]*\{/, (head) => `${head} more[0] = 1.0;`)}\nvar<workgroup> more: array<f32, 100000>;`;

const faults: readonly Fault[] = [
  { name: "a shader that is no WGSL", faults: { shader: (code) => code.replace("fn main", "fun main") }, why: /shader was refused/ },
  { name: "a shader without its entry point", faults: { shader: (code) => code.replace("fn main", "fn other") }, why: /shader was refused/ },
  { name: "a shader beyond the limits of workgroup memory", faults: { shader: greedy }, why: /shader was refused/ },
  { name: "no memory at all", faults: { room: 0 }, why: /no room/ },
  { name: "no memory for the operands", faults: { room: 2048 }, why: /no room/ },
  { name: "lost as the result is mapped", arm: ({ device, faults }) => { faults.onMap = () => device.destroy(); }, why: /lost|destroyed|read|map/i },
  { name: "lost before the job", arm: ({ device }) => device.destroy(), why: /lost|destroyed/ },
  { name: "createBindGroup throws", arm: throwing("createBindGroup"), why: /createBindGroup/ },
  { name: "createBuffer throws", arm: throwing("createBuffer"), why: /createBuffer/ },
  { name: "createShaderModule throws", arm: throwing("createShaderModule"), why: /createShaderModule/ },
]; // biome-ignore format: a table

async function broken({ faults = {}, arm }: Fault): Promise<OwnDevice> {
  const own = await ownDevice({ ...faults });
  arm?.(own);
  return own;
}

const call = (engine: Engine, settings: object = {}) => {
  const { input, filters } = operandsOf(problem);
  return engine.conv3d2d.conv3d(input.operand, filters.operand, settings);
};

// Isolation is nothing to a GPU: once is enough.
describe.skipIf(!inject("isolated"))("a device that fails", () => {
  for (const fault of faults) {
    it(`${fault.name}: demanded, a DeviceError, of calls and of runs`, async () => {
      const { gpuDevice } = await broken(fault);
      await using engine = (await createEngine({ gpuDevice, workers: 0, binary: "simd" })) as Engine;
      expect(await mustFail(() => call(engine, { device: "webgpu" }), "DeviceError", ["device"])).toBeUndefined();
      const shapes = { signalsShape: movie.input, filtersShape: movie.filters };
      const run = async () => {
        using layer = await engine.conv3d2d.conv3d.compile({ ...shapes, device: "webgpu" });
        const { input, filters } = operandsOf(problem);
        await layer.setFilters(filters.operand);
        return layer.run(input.operand);
      };
      expect(await mustFail(run, "DeviceError", ["device"])).toBeUndefined();
    });

    it(`${fault.name}: left open, wasm's answer and the reason, again and again`, async () => {
      const { gpuDevice } = await broken(fault);
      await using engine = await credulous(gpuDevice);
      for (let i = 0; i < 2; i++) {
        expect(firstDifference(gather(await call(engine)), y)).toBe(-1);
        expect(engine.capabilities().why.webgpu).toMatch(fault.why);
      }
      // With operands and out on the GPU too, as far as it lets them be there.
      const there = async () => {
        const out = engine.tensor(problem.shape, { device: "webgpu" });
        const input = engine.tensor(movie.input, { device: "webgpu" });
        await input.write(Float32Array.from(problem.problem.input));
        const { filters } = operandsOf(problem);
        return (await engine.conv3d2d.conv3d(input, filters.operand, { out })).read();
      };
      const failure = await failureOf(async () => {
        expect(firstDifference(Float64Array.from(await there()), y)).toBe(-1);
      });
      if (failure) expect((failure.error as Error).name).toMatch(/^(DeviceError|OutOfMemoryError)$/);
    });
  }

  it("an estimate that fails leaves the call to wasm, with the reason", async () => {
    const { gpuDevice } = await ownDevice({ shader: () => "not WGSL" });
    await using engine = (await createEngine({ gpuDevice, workers: 0, binary: "simd" })) as Engine;
    const { runtime } = engine as unknown as { runtime: { milliseconds: unknown } };
    runtime.milliseconds = () => 1000;
    expect(firstDifference(gather(await call(engine)), y)).toBe(-1);
    expect(engine.capabilities().why.webgpu).toMatch(/shader was refused/);
  });

  it("once there is memory again, so is the GPU: nothing broken was kept", async () => {
    const { gpuDevice, faults } = await ownDevice({ room: 0 });
    await using engine = (await createEngine({ gpuDevice, workers: 0, device: "webgpu" })) as Engine;
    const { input, filters } = operandsOf(problem);
    const shapes = { signalsShape: movie.input, filtersShape: movie.filters };
    using layer = await engine.conv3d2d.conv3d.compile(shapes);
    await layer.setFilters(filters.operand);
    for (const room of [0, 512, 1100, 3000]) {
      faults.room = room;
      expect(await mustFail(() => layer.run(input.operand), "DeviceError", ["device"]), `${room}`).toBeUndefined();
    }
    faults.room = undefined;
    expect(firstDifference(gather(await layer.run(input.operand)), y)).toBe(-1);
  });

  it("calls that overlap: the one that fails is the one at fault", async () => {
    const { gpuDevice, faults } = await ownDevice();
    await using engine = (await createEngine({ gpuDevice, workers: 0, device: "webgpu" })) as Engine;
    const large = numbers({ ...movie, input: [9, 5, 3, 9, 11], seed: 6 });
    const of = ({ input, filters }: ReturnType<typeof operandsOf>) =>
      engine.conv3d2d.conv3d(input.operand, filters.operand);
    await of(operandsOf(problem));
    await of(operandsOf(large));
    faults.room = 4 * problem.problem.input.length + 256;
    // The large one's buffers are there already: only if they are in use are there new ones, which are refused.
    const calls = [problem, large, problem, large, problem].map((one) => of(operandsOf(one)));
    const outcomes = await Promise.allSettled(calls);
    for (const [i, outcome] of outcomes.entries()) {
      if (i === 3) expect(outcome.status).toBe("rejected");
      else
        expect(
          outcome.status === "fulfilled" && firstDifference(gather(outcome.value), i === 1 ? expected(large).y : y),
        ).toBe(-1);
    }
  });
});
