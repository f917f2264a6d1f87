// The timeline, the curves and the two sides of a change.
import { icon, make } from "./clip_list.js";

const { Beat, boxesAt, drawBoxes } = globalThis.castcheck;

const badge = (look) => {
  const node = make("span", look ? "badge" : "badge untold", look ? look.letter : "?");
  if (look) { node.style.setProperty("--c", look.colour); node.style.setProperty("--ink", look.ink); }
  return node;
};
export const personBadge = (person) => badge(person);

// Where each frame lies, as the report shows it; `seek(frame)` and `pick(number)` act on it.
export class Timeline {
  constructor(box, { seek, pick }) {
    this.box = box;
    this.seek = seek;
    this.pick = pick;
    box.addEventListener("pointerdown", (event) => this.press(event));
    box.addEventListener("click", (event) => {
      const marker = event.target.closest("[data-number]");
      if (marker) this.pick(Number(marker.dataset.number));
    });
  }
  press(event) {
    const track = event.target.closest(".track");
    if (!track || event.target.closest("[data-number]")) return;
    const move = (e) => {
      const { left, width } = track.getBoundingClientRect();
      const share = Math.min(Math.max((e.clientX - left) / width, 0), 1);
      this.seek(this.beat.at(share * this.clip.duration_s));
    };
    move(event);
    const stop = () => { removeEventListener("pointermove", move); removeEventListener("pointerup", stop); };
    addEventListener("pointermove", move);
    addEventListener("pointerup", stop);
  }
  show(clip) {
    this.clip = clip;
    this.beat = new Beat(clip);
    const { markers, lanes, ticks, blocks } = clip.timeline;
    const inner = make("div", "axis-box");
    const row = (look, label) => {
      const line = make("div", `row ${look}`);
      const head = make("div", "label");
      head.append(...label);
      const track = make("div", "track");
      line.append(head, track);
      inner.append(line);
      return track;
    };
    const at = (node, left, width) => {
      node.style.left = `${left}%`;
      if (width !== undefined) node.style.width = `${width}%`;
      return node;
    };
    if (markers.length) {
      const track = row("row-markers", ["Findings"]);
      track.parentElement.style.setProperty("--levels", 1 + Math.max(...markers.map((m) => m.level)));
      for (const m of markers) {
        const node = make("button", `marker ${m.severity}`);
        node.type = "button";
        node.dataset.number = m.number;
        node.title = m.title;
        node.setAttribute("aria-label", m.title);
        node.style.left = `clamp(.8rem,${m.left}%,100% - .8rem)`;
        node.style.setProperty("--level", m.level);
        node.append(icon(m.kind));
        track.append(node);
      }
    }
    const shots = row("row-shots", ["Shots"]);
    for (const b of blocks) {
      const node = at(make("span", "shot"), b.span.left, b.span.width);
      node.title = b.span.title;
      node.append(make("span", "", b.number));
      shots.append(node);
    }
    const box = make("div", "lanes");
    inner.append(box);
    for (const lane of lanes) {
      const name = make("bdi", "lane-name", lane.name);
      const track = row("row-lane", [badge(lane.look), name]);
      box.append(track.parentElement);
      for (const s of lane.spans) {
        const bar = at(make("span", `bar ${lane.look ? lane.look.pattern : "untold"}`), s.left, s.width);
        bar.title = s.title;
        if (lane.look) {
          bar.style.setProperty("--c", lane.look.colour);
          bar.style.setProperty("--ink", lane.look.ink);
          bar.append(make("b", "", lane.look.letter));
        }
        track.append(bar);
      }
      for (const m of lane.markers) {
        if (m.width > 0.8) track.append(at(make("i", `lane-span ${m.severity}`), m.left, m.width));
      }
    }
    const ruler = row("row-ruler", []);
    for (const t of ticks) ruler.append(at(make("span", t.left > 85 ? "tick late" : "tick", t.text), t.left));
    const over = make("div", "playhead-box");
    this.head = make("i", "playhead");
    over.append(this.head);
    inner.append(over);
    this.box.replaceChildren(inner);
  }
  choose(number) {
    for (const node of this.box.querySelectorAll("[data-number]")) {
      node.toggleAttribute("data-chosen", Number(node.dataset.number) === number);
    }
  }
  at(frame) {
    if (this.head) this.head.style.left = `${(100 * this.beat.start(frame)) / (this.clip.duration_s || 1)}%`;
  }
}

// One curve as the report draws it, with a line where the clip is now.
export const curve = (plot, people) => {
  const box = make("div", "plot");
  const space = "http://www.w3.org/2000/svg";
  const part = (name, facts) => {
    const node = document.createElementNS(space, name);
    for (const [key, value] of Object.entries(facts)) node.setAttribute(key, value);
    return node;
  };
  const axis = make("div", "plot-axis");
  axis.setAttribute("aria-hidden", "true");
  axis.append(...["1", "½", "0"].map((text) => make("span", "", text)));
  const svg = part("svg", { viewBox: "0 -4 1000 108", preserveAspectRatio: "none", role: "img" });
  svg.setAttribute("aria-label", `Similarity over time; lowest ${plot.lowest.toFixed(2)}`);
  svg.append(part("path", { class: "grid", d: "M0 0H1000M0 50H1000M0 100H1000" }));
  for (const x of plot.cuts) svg.append(part("path", { class: "cut", d: `M${x} -4V104` }));
  for (const [x, width, , severity] of plot.marks) {
    if (width > 4) svg.append(part("rect", { class: `mark-span ${severity}`, x, y: -4, width, height: 108 }));
    svg.append(part("path", { class: `mark ${severity}`, d: `M${x} -4V104` }));
  }
  for (const line of plot.lines) {
    const colour = line.owner >= 0 ? people[line.owner].colour : "var(--untold)";
    const node = line.single
      ? part("path", { class: "dot", d: `M${line.single[0]} ${line.single[1]}h0` })
      : part("polyline", { class: "curve", points: line.points });
    node.style.stroke = colour;
    // Without colours they differ too: every second character is dashed.
    if (!line.single && line.owner % 2 === 1) node.style.strokeDasharray = "7 4";
    svg.append(node);
  }
  const now = part("path", { class: "now", d: "M0 -4V104" });
  svg.append(now);
  const ends = make("div", "plot-ends");
  ends.append(make("span", "", `${plot.start_s.toFixed(2)} s`), make("span", "", "similarity, 1 = the usual look"),
    make("span", "", `${plot.stop_s.toFixed(2)} s`));
  box.append(axis, svg, ends);
  box.at = (seconds) => {
    const share = (seconds - plot.start_s) / Math.max(plot.stop_s - plot.start_s, 1e-9);
    now.style.visibility = share >= 0 && share <= 1 ? "visible" : "hidden";
    now.setAttribute("transform", `translate(${(1000 * share).toFixed(1)} 0)`);
  };
  return box;
};

// Both sides of a change next to each other, close up or whole.
export class Sides {
  constructor(box) {
    this.box = box;
    this.close = true;
    this.gap = 0;
    this.canvases = [0, 1].map(() => make("canvas"));
    this.captions = [0, 1].map(() => make("figcaption"));
    box.append(...this.canvases.map((canvas, k) => {
      const figure = make("figure", "side-picture");
      figure.append(canvas, this.captions[k]);
      return figure;
    }));
    new ResizeObserver(() => this.paint()).observe(box);
  }
  async show(clip, finding) {
    this.clip = clip;
    this.finding = finding;
    this.box.hidden = !finding || !clip.media.frames;
    if (this.box.hidden) return;
    const still = { clone: 1, missing: 1, unexpected: 1, stranger: 1 }[finding.kind];
    const [one, other] = finding.sides;
    this.frames = [Math.max(0, one - this.gap), Math.min(clip.frames - 1, other + this.gap)];
    this.box.dataset.frames = this.frames.join(" ");
    const words = still ? ["here", "and here"] : ["before", "after"];
    this.captions.forEach((node, k) => {
      const text = `${words[k]} · frame ${this.frames[k]}`;
      node.textContent = `${text} · decoding …`;
      this.canvases[k].setAttribute("role", "img");
      this.canvases[k].setAttribute("aria-label", text);
    });
    const wanted = this.frames.join();
    this.images = [null, null];
    this.paint();
    await Promise.all(this.frames.map(async (frame, k) => {
      const image = new Image();
      image.src = `${clip.media.frames}${frame}.jpg`;
      const read = await image.decode().then(() => true, () => false);
      if (this.clip !== clip || this.frames.join() !== wanted) return;
      const text = `${words[k]} · frame ${frame}`;
      this.captions[k].textContent = read ? text : `${text} · cannot be read`;
      if (read) { this.images[k] = image; this.paint(); }
    }));
  }
  // The part of the picture to show: around those concerned, the same on both sides.
  region() {
    const { width, height } = this.clip;
    const whole = [0, 0, width, height];
    if (!this.close) return whole;
    const boxes = this.frames.flatMap((frame) => boxesAt(this.clip, frame))
      .filter((found) => this.finding.tracks.includes(found.track)).map((found) => found.box);
    if (!boxes.length) return whole;
    let [x1, y1] = [0, 1].map((a) => Math.min(...boxes.map((box) => box[a])));
    let [x2, y2] = [2, 3].map((a) => Math.max(...boxes.map((box) => box[a])));
    const margin = 0.12 * Math.max(x2 - x1, y2 - y1);
    [x1, y1] = [Math.max(0, x1 - margin), Math.max(0, y1 - margin)];
    [x2, y2] = [Math.min(width, x2 + margin), Math.min(height, y2 + margin)];
    return [x1, y1, Math.max(x2 - x1, 8), Math.max(y2 - y1, 8)];
  }
  paint() {
    if (!this.clip || this.box.hidden || !this.images) return;
    const [left, top, wide, high] = this.region();
    this.canvases.forEach((canvas, k) => {
      const ratio = globalThis.devicePixelRatio || 1;
      const room = canvas.parentElement.clientWidth;
      const scale = Math.min(room / wide, 380 / high);
      canvas.style.width = `${wide * scale}px`;
      canvas.style.height = `${high * scale}px`;
      canvas.width = Math.round(wide * scale * ratio);
      canvas.height = Math.round(high * scale * ratio);
      const pen = canvas.getContext("2d");
      const image = this.images[k];
      if (!image) return;
      const [fx, fy] = [image.naturalWidth / this.clip.width, image.naturalHeight / this.clip.height];
      pen.drawImage(image, left * fx, top * fy, wide * fx, high * fy, 0, 0, canvas.width, canvas.height);
      if (this.boxes === false || this.clip.media.frames_are_annotated) return;
      drawBoxes(pen, this.clip, this.frames[k], {
        scale: scale * ratio, left, top, marked: this.close ? [] : this.finding.tracks, ratio,
      });
    });
  }
}
