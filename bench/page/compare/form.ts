/** The form: reads and writes op and shape, asks the library whether it can be computed, shows what is wrong at its field. */
import type { PlanView } from "simdconv";
import { cases } from "../../cases.ts";
import { byId, element } from "../dom.ts";
import { type Complaint, complaintOf, type Field } from "./friendly.ts";
import { type Border, type Layer, nameOf, operandBytes, PASSES, type Task, taskOf } from "./layer.ts";
import { type BorderKind, familyOf, OPS, type OpId } from "./ops.ts";
import { layerOf, presets, startOf } from "./presets.ts";

const NUMBERS = [
  "batch",
  "channels",
  "frames",
  "height",
  "width",
  "filters",
  "groups",
  "filterFrames",
  "filterHeight",
  "filterWidth",
  "subsample",
] as const;

const BORDERS: Readonly<Record<BorderKind, string>> = {
  valid: "valid: no padding",
  half: "half: keeps the size",
  full: "full: every overlap",
  padding: "padding",
};

/** Every engine holds the operands, and the page holds them once more. */
const MOST_BYTES = 400 * 2 ** 20;

export class ShapeForm {
  private readonly form = byId("shape") as HTMLFormElement;
  private readonly ops = byId("op") as HTMLSelectElement;
  private readonly layers = byId("layers") as HTMLSelectElement;
  private readonly complaint = byId("complaint");
  private readonly presets = new Map<HTMLButtonElement, string>();
  private readonly plan: (task: Task) => Promise<PlanView>;
  private asked = 0;

  /** `plan` is what the library makes of a task, or rejects with its error. */
  constructor(plan: (task: Task) => Promise<PlanView>) {
    this.plan = plan;
    this.offerOps();
    this.offerPresets();
    this.offerLayers();
    this.form.addEventListener("input", ({ target }) => {
      if (target !== this.layers && target !== this.ops) void this.check();
    });
    this.write(presets[0].layer);
  }

  private offerOps(): void {
    for (const [pass, { title }] of Object.entries(PASSES)) {
      const group = Object.assign(document.createElement("optgroup"), { label: title });
      group.append(...OPS.filter((entry) => entry.pass === pass).map(({ op }) => new Option(op, op)));
      this.ops.append(group);
    }
    let before = presets[0].layer.op;
    this.ops.addEventListener("change", () => {
      const op = this.ops.value as OpId;
      // Passes of one op have their shapes in common.
      if (familyOf(op) !== familyOf(before)) this.write(startOf(op));
      before = op;
      void this.check();
    });
  }

  private offerPresets(): void {
    for (const { label, title, layer } of presets) {
      const button = Object.assign(element("button", "", label), { type: "button", title });
      this.presets.set(button, keyOf(layer));
      button.addEventListener("click", () => this.choose(layer));
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
      if (this.layers.value !== "") this.choose(layerOf(cases[Number(this.layers.value)], this.opForLayers));
    });
  }

  /** Layers of networks are there for every pass of nnet.conv2d; any other op gives way to it. */
  private get opForLayers(): OpId {
    const op = this.ops.value as OpId;
    return familyOf(op) === familyOf("nnet.conv2d") ? op : "nnet.conv2d";
  }

  private choose(layer: Layer): void {
    this.write(layer);
    this.ops.dispatchEvent(new Event("change"));
    this.write(layer);
    void this.check();
  }

  private field(name: Field): HTMLInputElement | HTMLSelectElement | null {
    return this.form.elements.namedItem(name) as HTMLInputElement | HTMLSelectElement | null;
  }

  private number(name: Field): number {
    return (this.field(name) as HTMLInputElement).valueAsNumber;
  }

  private read(): Layer {
    const kind = this.field("border")!.value;
    const border = kind === "padding" ? this.number("padding") : (kind as Border);
    const op = this.ops.value as OpId;
    const numbers = Object.fromEntries(NUMBERS.map((name) => [name, this.number(name)]));
    return { ...(numbers as Record<(typeof NUMBERS)[number], number>), op, border };
  }

  private write(layer: Layer): void {
    this.ops.value = layer.op;
    this.showFields(layer.op);
    for (const name of NUMBERS) this.field(name)!.value = String(layer[name]);
    const own = typeof layer.border === "number";
    this.field("border")!.value = own ? "padding" : String(layer.border);
    if (own) this.field("padding")!.value = String(layer.border);
  }

  /** An op's own fields and borders; the others keep their values out of sight. */
  private showFields(op: OpId): void {
    const { lacks, borders } = familyOf(op);
    for (const name of NUMBERS) this.field(name)!.labels![0].hidden = lacks.includes(name);
    const border = this.field("border") as HTMLSelectElement;
    border.replaceChildren(...borders.map((kind) => new Option(BORDERS[kind], kind)));
  }

  /** The task, or undefined after saying what is wrong with it. Overtaken by a later check, it says nothing. */
  async check(): Promise<Task | undefined> {
    const mine = ++this.asked;
    byId("padding-label").hidden = this.field("border")!.value !== "padding";
    const layer = this.read();
    this.recognise(keyOf(layer));
    const task = taskOf(layer);
    const found = this.unreadable() ?? (await this.plan(task).then((plan) => ({ plan }), complaintOf));
    if (mine !== this.asked) return undefined;
    const complaint = "plan" in found ? tooLarge(task) : found;
    this.say(complaint);
    byId("outcome").textContent = "plan" in found ? outcome(task, found.plan) : "";
    return complaint ? undefined : task;
  }

  /** Show which preset and which network's layer this is, if any. */
  private recognise(key: string): void {
    for (const [button, known] of this.presets) button.setAttribute("aria-pressed", String(known === key));
    const at = cases.findIndex((entry) => keyOf(layerOf(entry, this.opForLayers)) === key);
    this.layers.value = at < 0 ? "" : String(at);
  }

  private unreadable(): Complaint | undefined {
    for (const name of [...NUMBERS, "padding", "workers"] as const) {
      const input = this.field(name) as HTMLInputElement;
      if (input.labels?.[0]?.hidden) continue;
      const [least, most] = [Number(input.min), Number(input.max || Number.POSITIVE_INFINITY)];
      const value = input.valueAsNumber;
      if (Number.isInteger(value) && value >= least && value <= most) continue;
      const range = Number.isFinite(most) ? `from ${least} to ${most}` : `from ${least} on`;
      return { field: name, text: `A whole number ${range}, please.` };
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
    if (complaint.words) this.complaint.append(element("code", "", complaint.words));
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
  return `${nameOf(layer)} ${layer.border}`;
}

function tooLarge(task: Task): Complaint | undefined {
  const bytes = operandBytes(task);
  if (bytes <= MOST_BYTES) return undefined;
  const megabytes = Math.round(bytes / 2 ** 20).toLocaleString("en");
  return {
    field: "shape",
    text: `Images, filters and result take ${megabytes} MB. The library would do it, but this page keeps them for each engine and stops at ${MOST_BYTES / 2 ** 20} MB.`,
  };
}

function outcome({ pass, places }: Task, { multiplyAdds }: PlanView): string {
  return `→ ${places[PASSES[pass].made].shape.join(" × ")}, ${inWords(multiplyAdds)} multiply-adds`;
}

function inWords(count: number): string {
  const [size, name] = count >= 1e9 ? [1e9, " billion"] : count >= 1e6 ? [1e6, " million"] : [1, ""];
  return `${(count / size).toLocaleString("en", { maximumSignificantDigits: size === 1 ? 6 : 3 })}${name}`;
}
