/** What stands in the section, and its parts by name. */

const TEMPLATE = `
  <div class="heading">
    <h2 id="lenet-title">A network that learns to read</h2>
    <p data-part="engine" class="quiet"></p>
  </div>
  <p class="quiet">
    LeNet, of this library's convolutions and their gradients: 60,000 handwritten digits to learn from, in mini-batches of 64, and
    10,000 others to be tested on after each epoch.
  </p>
  <div class="controls">
    <label>Epochs <input data-part="epochs" type="number" min="1" max="20" value="4" inputmode="numeric" /></label>
    <button data-part="start" type="button">Start learning</button>
    <button data-part="stop" type="button" hidden>Stop</button>
    <p data-part="status" role="status"></p>
  </div>
  <div class="running">
    <progress data-part="progress" max="1" value="0" aria-label="Progress of the loading, then of each epoch"></progress>
    <span data-part="phase"></span>
  </div>
  <div class="panes">
    <figure>
      <svg data-part="curve"></svg>
      <figcaption>Loss of each mini-batch and its running mean; the share of test digits read rightly.</figcaption>
    </figure>
    <div>
      <table>
        <caption>Epochs</caption>
        <thead>
          <tr>
            <th scope="col">Epoch</th>
            <th scope="col">Read rightly</th>
            <th scope="col">Mean loss</th>
            <th scope="col">Seconds</th>
          </tr>
        </thead>
        <tbody data-part="rows"></tbody>
      </table>
      <p data-part="goal"></p>
    </div>
    <div>
      <h3 id="lenet-gallery-title">Some test digits, as read now</h3>
      <ol data-part="gallery" aria-labelledby="lenet-gallery-title"></ol>
    </div>
    <div class="pad">
      <h3 id="lenet-pad-title">Draw a digit</h3>
      <canvas data-part="pad" role="img" aria-labelledby="lenet-pad-title"></canvas>
      <div>
        <output data-part="reading" aria-live="polite">It reads as soon as it has begun to learn.</output>
        <button data-part="clear" type="button">Clear</button>
      </div>
    </div>
  </div>
`;

interface Parts {
  readonly engine: HTMLElement;
  readonly epochs: HTMLInputElement;
  readonly start: HTMLButtonElement;
  readonly stop: HTMLButtonElement;
  readonly status: HTMLElement;
  readonly progress: HTMLProgressElement;
  readonly phase: HTMLElement;
  readonly curve: SVGElement;
  readonly rows: HTMLElement;
  readonly goal: HTMLElement;
  readonly gallery: HTMLElement;
  readonly pad: HTMLCanvasElement;
  readonly reading: HTMLOutputElement;
  readonly clear: HTMLButtonElement;
}

export function furnish(root: HTMLElement): Parts {
  root.classList.add("lenet");
  root.setAttribute("aria-labelledby", "lenet-title");
  root.innerHTML = TEMPLATE;
  const parts = [...root.querySelectorAll<HTMLElement>("[data-part]")].map((part) => [part.dataset.part, part]);
  return Object.fromEntries(parts);
}
