/** Commands to the device, and its verdict on them. */
import { ConvError, DeviceError } from "../errors.ts";
import type { Gpu } from "./gpu.ts";

/**
 * What `work` returns, once the device has accepted all that `work` asked of it; it may still be computing. Throws a DeviceError
 * that names `argument` if the device is lost, out of memory, or refuses something.
 *
 * Error scopes are a stack that belongs to the device: they are opened and closed around work that awaits nothing, or calls that
 * overlap would take each other's errors.
 */
export async function checked<T>(gpu: Gpu, work: () => T, argument = "device"): Promise<T> {
  const { device } = gpu;
  if (gpu.lost) throw new DeviceError(argument, gpu.lost);
  device.pushErrorScope("out-of-memory");
  device.pushErrorScope("validation");
  let made: T | undefined;
  let failure: Error | undefined;
  try {
    made = work();
  } catch (cause) {
    failure = cause as Error;
  }
  const scopes = [device.popErrorScope(), device.popErrorScope()];
  // A lost device may refuse to tell.
  const verdicts = await Promise.all(scopes.map((scope) => scope.catch((cause: Error) => cause)));
  if (failure instanceof ConvError) throw failure;
  const wrong = failure ?? verdicts.find((verdict) => verdict !== null);
  if (gpu.lost || wrong) throw new DeviceError(argument, gpu.lost ?? wrong!.message, { cause: wrong });
  return made as T;
}
