/** The shape form: reads and writes it, asks the library whether the shape can be computed, shows what is wrong at its field. */
import type { PlanView } from "simdconv";
import { cases } from "../cases.ts";
import { type Complaint, complaintOf, type Field } from "./friendly.ts";
import { type Border, type Layer, layerOf, operandBytes, outputShapeOf, presets } from "./layer.ts";

const NUMBERS = [
  "batch",
  "channels",
  "height",
  "width",
  "filters",
  "groups",
  "filterHeight",
  "filterWidth",
  "subsample",
] as const;

/** Three engines hold the operands, and the page holds them once more. */
const MOST_BYTES = 400 * 2 ** 20;

const byId = (id: string) => document.getElementById(id)!;

export class ShapeForm {
  private readonly form = byId("shape") as HTMLFormElement;
  private readonly layers = byId("layers") as HTMLSelectElement;
  private readonly complaint = byId("complaint");
  private readonly presets = new Map<HTMLButtonElement, string>();
  private readonly plan: (layer: Layer) => Promise<PlanView>;
  private asked = 0;

  /** `plan` is what the library makes of a layer, or rejects with its error. */
  constructor(plan: (layer: Layer) => Promise<PlanView>) {
    this.plan = plan;
    this.offerPresets();
    this.offerLayers();
    this.form.addEventListener("input", ({ target }) => {
      if (target !== this.layers) void this.check();
    });
    this.write(presets[0].layer);
  }

  private offerPresets(): void {
    for (const { label, title, layer } of presets) {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: label, title });
      this.presets.set(button, keyOf(layer));
      button.addEventListener("click", () => {
        this.write(layer);
        void this.check();
      });
      byId("presets").append(button);
    }
  }

  private offerLayers(): void {
    const groups = new Map<string, HTMLOptGroupElement>();
    for (const [i, { network, name }] of cases.entries()) {
      const group = groups.get(network) ?? Object.assign(document.createElement("optgroup"), { label: network });
      groups.set(network, group);
      group.append(new Option(name, String(i)));
    }
    this.layers.append(...groups.values());
    this.layers.addEventListener("change", () => {
      if (this.layers.value === "") return;
      this.write(layerOf(cases[Number(this.layers.value)]));
      void this.check();
    });
  }

  private field(name: Field): HTMLInputElement | HTMLSelectElement | null {
    return this.form.elements.namedItem(name) as HTMLInputElement | HTMLSelectElement | null;
  }

  private number(name: Field): number {
    return (this.field(name) as HTMLInputElement).valueAsNumber;
  }

  read(): Layer {
    const kind = this.field("border")!.value;
    const border = kind === "padding" ? this.number("padding") : (kind as Border);
    return { ...(Object.fromEntries(NUMBERS.map((name) => [name, this.number(name)])) as unknown as Layer), border };
  }

  write(layer: Layer): void {
    for (const name of NUMBERS) this.field(name)!.value = String(layer[name]);
    const own = typeof layer.border === "number";
    this.field("border")!.value = own ? "padding" : String(layer.border);
    if (own) this.field("padding")!.value = String(layer.border);
  }

  /** The layer, or undefined after saying what is wrong with it. Overtaken by a later check, it says nothing. */
  async check(): Promise<Layer | undefined> {
    const mine = ++this.asked;
    byId("padding-label").hidden = this.field("border")!.value !== "padding";
    const layer = this.read();
    this.recognise(keyOf(layer));
    const found = this.unreadable() ?? (await this.plan(layer).then((plan) => ({ plan }), complaintOf));
    if (mine !== this.asked) return undefined;
    const complaint = "plan" in found ? tooLarge(layer) : found;
    this.say(complaint);
    byId("outcome").textContent = "plan" in found ? outcome(layer, found.plan) : "";
    return complaint ? undefined : layer;
  }

  /** Show which preset and which network's layer this is, if any. */
  private recognise(key: string): void {
    for (const [button, known] of this.presets) button.setAttribute("aria-pressed", String(known === key));
    const at = cases.findIndex((entry) => keyOf(layerOf(entry)) === key);
    this.layers.value = at < 0 ? "" : String(at);
  }

  private unreadable(): Complaint | undefined {
    for (const name of [...NUMBERS, "padding"] as const) {
      const input = this.field(name) as HTMLInputElement;
      if (input.labels?.[0]?.hidden) continue;
      const least = Number(input.min);
      const value = input.valueAsNumber;
      if (!Number.isInteger(value) || value < least)
        return { field: name, text: `A whole number from ${least} on, please.` };
    }
    return undefined;
  }

  private say(complaint: Complaint | undefined): void {
    for (const input of this.form.querySelectorAll("[aria-invalid]")) {
      input.removeAttribute("aria-invalid");
      input.removeAttribute("aria-describedby");
    }
    this.complaint.hidden = complaint === undefined;
    this.complaint.replaceChildren();
    if (!complaint) return;
    this.complaint.append(complaint.text);
    if (complaint.words) {
      this.complaint.append(Object.assign(document.createElement("code"), { textContent: complaint.words }));
    }
    const field = this.field(complaint.field);
    field?.setAttribute("aria-invalid", "true");
    field?.setAttribute("aria-describedby", this.complaint.id);
    // At its field: under the group that the field belongs to.
    (field?.closest("fieldset") ?? byId("outcome")).after(this.complaint);
  }

  focusComplaint(): void {
    this.form.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }
}

function keyOf(layer: Layer): string {
  return [...NUMBERS, "border" as const].map((name) => layer[name]).join();
}

function tooLarge(layer: Layer): Complaint | undefined {
  const bytes = operandBytes(layer);
  if (bytes <= MOST_BYTES) return undefined;
  const megabytes = Math.round(bytes / 2 ** 20).toLocaleString("en");
  return {
    field: "shape",
    text: `Images, filters and result take ${megabytes} MB. The library would do it, but this page keeps them for each engine and stops at ${MOST_BYTES / 2 ** 20} MB.`,
  };
}

function outcome(layer: Layer, { multiplyAdds }: PlanView): string {
  return `→ ${outputShapeOf(layer).join(" × ")}, ${inWords(multiplyAdds)} multiply-adds`;
}

function inWords(count: number): string {
  const [size, name] = count >= 1e9 ? [1e9, " billion"] : count >= 1e6 ? [1e6, " million"] : [1, ""];
  return `${(count / size).toLocaleString("en", { maximumSignificantDigits: size === 1 ? 6 : 3 })}${name}`;
}
