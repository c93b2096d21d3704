/** The part of the form that says who computes: which binaries, how many workers with which of them, the GPU. */
import { byId, element } from "../dom.ts";
import { BINARIES, type Binary, type Choice, ENTRIES, type EntryId, type Lineup } from "./engines.ts";

const LABELS: Record<EntryId, string> = {
  scalar: "scalar",
  simd: "simd",
  relaxed: "relaxed",
  workers: "workers",
  webgpu: "WebGPU",
};

export class ChoiceForm {
  private readonly boxes = new Map<EntryId, HTMLInputElement>();
  private readonly workers = byId("workers") as HTMLInputElement;
  private readonly binary = byId("crew-binary") as HTMLSelectElement;

  constructor(lineup: Lineup) {
    for (const id of ENTRIES) {
      const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: true, value: id });
      const label = element("label");
      label.append(box, ` ${LABELS[id]}`);
      byId("who").append(label);
      this.boxes.set(id, box);
    }
    for (const binary of BINARIES) {
      const missing = lineup.whyNot(binary);
      this.binary.append(Object.assign(new Option(binary, binary), { disabled: missing !== undefined }));
    }
    this.binary.value = lineup.best;
    const most = Math.max(1, navigator.hardwareConcurrency);
    this.workers.max = String(most);
    this.workers.value = String(lineup.capabilities().workers || most);
  }

  read(): Choice {
    const entries = new Set(ENTRIES.filter((id) => this.boxes.get(id)!.checked));
    return { entries, workers: this.workers.valueAsNumber, binary: this.binary.value as Binary };
  }

  /** Who is asked for nothing answers nothing: the first box, for who wants to mend it. */
  get first(): HTMLElement {
    return this.boxes.get("scalar")!;
  }
}
