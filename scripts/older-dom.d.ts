/**
 * What declarations of the package name of WebGPU, for compilers whose DOM does not have it (TypeScript before 6); elsewhere this
 * says nothing new.
 */
interface GPUBuffer {
  label: string;
}
interface GPUComputePipeline {
  label: string;
}
interface GPUDevice {
  label: string;
}
interface GPUSupportedLimits {
  readonly maxComputeInvocationsPerWorkgroup: number;
  readonly maxComputeWorkgroupSizeX: number;
  readonly maxComputeWorkgroupStorageSize: number;
}
