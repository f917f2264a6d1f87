// The list of clips: only the rows in view exist, so that thousands cost nothing.
const ROW_PX = 62;

export const make = (name, look, text) => {
  const node = document.createElement(name);
  if (look) node.className = look;
  if (text !== undefined) node.textContent = text;
  return node;
};
export const icon = (name) => {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  return svg;
};

export class ClipList {
  // `done(clip)` gives [decided, all]; `open(index)` is called with what is chosen.
  constructor(box, { done, open }) {
    this.box = box;
    this.done = done;
    this.open = open;
    this.rows = [];
    this.current = -1;
    this.pictures = new Map();
    this.inner = make("div", "clip-rows");
    box.append(this.inner);
    box.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(box);
    box.addEventListener("keydown", (event) => this.key(event));
    this.inner.addEventListener("click", (event) => {
      const row = event.target.closest("[data-index]");
      if (row) open(Number(row.dataset.index));
    });
  }
  show(rows, current) {
    this.rows = rows;
    this.current = current;
    this.inner.style.height = `${rows.length * ROW_PX}px`;
    this.draw();
  }
  reveal() {
    const place = this.rows.findIndex((clip) => clip.index === this.current);
    if (place < 0) return;
    const top = place * ROW_PX, { scrollTop, clientHeight } = this.box;
    if (top < scrollTop || top + ROW_PX > scrollTop + clientHeight) {
      this.box.scrollTop = Math.max(0, top - clientHeight / 2 + ROW_PX);
    }
    this.draw();
  }
  key(event) {
    const place = this.rows.findIndex((clip) => clip.index === this.current);
    const to = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: this.rows.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const clip = this.rows[Math.min(Math.max(to, 0), this.rows.length - 1)];
    if (clip) this.open(clip.index);
  }
  draw() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / ROW_PX) - 4);
    const last = Math.min(this.rows.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / ROW_PX) + 4);
    this.inner.replaceChildren(...this.rows.slice(first, last).map((clip, k) => this.row(clip, first + k)));
    const chosen = this.inner.querySelector("[aria-selected=true]");
    if (chosen) this.box.setAttribute("aria-activedescendant", chosen.id);
    else this.box.removeAttribute("aria-activedescendant");
  }
  row(clip, place) {
    const row = make("div", "clip-row");
    row.id = `clip-${clip.index}`;
    row.dataset.index = clip.index;
    row.style.top = `${place * ROW_PX}px`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", String(clip.index === this.current));
    row.setAttribute("aria-setsize", this.rows.length);
    row.setAttribute("aria-posinset", place + 1);
    const picture = this.picture(clip.index);
    const text = make("span", "clip-text");
    const facts = make("span", "clip-facts");
    const verdict = make("span", `clip-verdict ${clip.verdict}`);
    verdict.append(icon(clip.verdict), clip.verdict);
    facts.append(verdict);
    const [decided, all] = this.done(clip);
    const accepted = clip.findings.length - all;
    if (all) facts.append(make("span", "clip-done", decided === all ? `✓ ${all} decided` : `${decided} of ${all} decided`));
    else if (accepted) facts.append(make("span", "clip-done", `${accepted} accepted`));
    text.append(make("bdi", "clip-name", clip.name), facts);
    row.append(picture, text);
    row.title = clip.path;
    return row;
  }
  // Kept, so that a list that is drawn again asks for no picture a second time.
  picture(index) {
    let picture = this.pictures.get(index);
    if (!picture) {
      picture = make("img");
      picture.alt = "";
      picture.src = `clips/${index}/poster`;
      picture.addEventListener("error", () => { picture.style.visibility = "hidden"; });
      this.pictures.set(index, picture);
    }
    return picture;
  }
}
